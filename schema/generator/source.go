package generator

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// modulePath is the import path of the module's root.
const modulePath = "github.com/sandbox-agent/sandbox-agent"

// source is what only the Go source tells: comments, and the constants of the
// string types that are enumerations.
type source struct {
	types     map[string]string     // by package path and type
	fields    map[string]string     // by package path, type and field
	constants map[string][]constant // by package path and type, in their order
}

// constant is a value of an enumeration.
type constant struct {
	value string
	doc   string
}

// packages are those that the types of the wire are in.
func packages() []string {
	return []string{"universal", "drivers", "rpc", "rpc/files", "rpc/session", "schema/generator"}
}

// readSource parses the packages, without tests, below the module's root.
func readSource(root string) (*source, error) {
	s := &source{types: map[string]string{}, fields: map[string]string{}, constants: map[string][]constant{}}
	for _, pkg := range packages() {
		names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pkg), "*.go"))
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("package %s has no source below %s", pkg, root)
		}
		slices.Sort(names)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			s.add(modulePath+"/"+pkg, file)
		}
	}
	return s, nil
}

func (s *source) add(pkg string, file *ast.File) {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				s.addType(pkg, group, spec)
			case *ast.ValueSpec:
				if group.Tok == token.CONST {
					s.addConstants(pkg, spec)
				}
			}
		}
	}
}

func (s *source) addType(pkg string, group *ast.GenDecl, spec *ast.TypeSpec) {
	name := pkg + "." + spec.Name.Name
	s.types[name] = first(spec.Doc, group.Doc)
	body, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range body.Fields.List {
		for _, id := range field.Names {
			s.fields[name+"."+id.Name] = first(field.Doc, field.Comment)
		}
	}
}

// addConstants takes constants with a type of their own and a string as value.
func (s *source) addConstants(pkg string, spec *ast.ValueSpec) {
	kind, ok := spec.Type.(*ast.Ident)
	if !ok {
		return
	}
	for _, value := range spec.Values {
		literal, ok := value.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			continue
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			continue // the compiler would not take it either
		}
		name := pkg + "." + kind.Name
		s.constants[name] = append(s.constants[name], constant{text, first(spec.Doc, spec.Comment)})
	}
}

// first is the first comment that there is.
func first(groups ...*ast.CommentGroup) string {
	for _, group := range groups {
		if text := strings.TrimSpace(group.Text()); text != "" {
			return text
		}
	}
	return ""
}

func nameOf(t reflect.Type) string { return t.PkgPath() + "." + t.Name() }

// enum lists the constants of a type; none for a type that is no enumeration.
func (s *source) enum(t reflect.Type) []constant {
	if t.Kind() != reflect.String {
		return nil
	}
	return s.constants[nameOf(t)]
}

// describe is the comment of a type, or of one of its fields, as people who
// don't read Go see it: called as its schema is called, with members as they
// are in JSON.
func (s *source) describe(t reflect.Type, field, schemaName string) string {
	text := s.types[nameOf(t)]
	if field != "" {
		text = s.fields[nameOf(t)+"."+field]
	}
	text = plain(text)
	if rest, ok := strings.CutPrefix(text, t.Name()+" "); ok && field == "" {
		text = schemaName + " " + rest
	}
	if t.Kind() != reflect.Struct {
		return text
	}
	members := map[string]string{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			members[f.Name] = "`" + name + "`"
		}
	}
	return goName.ReplaceAllStringFunc(text, func(word string) string {
		if name, ok := members[word]; ok {
			return name
		}
		return word
	})
}

var (
	goName  = regexp.MustCompile(`\b[A-Z][A-Za-z]+\b`)
	docLink = regexp.MustCompile(`\[\*?([A-Z][\w.]*)\]`)
	oneLine = regexp.MustCompile(`(\S)\n(\S)`)
)

// plain is a comment without doc links, a paragraph on a line.
func plain(text string) string {
	return oneLine.ReplaceAllString(docLink.ReplaceAllString(strings.TrimSpace(text), "$1"), "$1 $2")
}
