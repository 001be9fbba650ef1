// Package compat finds the changes between two versions of the schema that
// break programs written for the older one.
//
// What a client sends and what it is sent have opposite rules. In what it is
// sent, a member may not go, not become null, not change its type and not
// begin to be left out; in what it sends, a member may not go, not narrow and
// not begin to be demanded. In both, a value of an enumeration or a variant of
// a union may not go. Members, values, variants, methods and routes may be
// added, since readers have to ignore what they do not know.
package compat

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Documents are the three documents of one version.
type Documents struct {
	Schema, OpenAPI, OpenRPC []byte
}

// Check fails when a new version breaks what an old one promised and does not
// have a higher number. The error lists every break.
func Check(old, new Documents) error {
	was, err := parse(old)
	if err != nil {
		return fmt.Errorf("the old schema: %w", err)
	}
	is, err := parse(new)
	if err != nil {
		return fmt.Errorf("the new schema: %w", err)
	}
	breaks := compare(was, is)
	switch {
	case len(breaks) == 0, higher(is.version, was.version):
		return nil
	}
	return &BreakingError{Version: was.version, Breaks: breaks}
}

// BreakingError says what a change breaks.
type BreakingError struct {
	Version string // of both
	Breaks  []string
}

func (e *BreakingError) Error() string {
	return fmt.Sprintf("the schema breaks programs made for version %s; keep what they rely on, or raise schema.Version:\n  %s",
		e.Version, strings.Join(e.Breaks, "\n  "))
}

// node is a schema, or any other object of a document.
type node = map[string]any

// documents are one version of everything, decoded.
type documents struct {
	version string
	defs    node
	openAPI node
	openRPC node
}

func parse(d Documents) (documents, error) {
	var schema node
	if err := json.Unmarshal(d.Schema, &schema); err != nil {
		return documents{}, fmt.Errorf("JSON Schema: %w", err)
	}
	parsed := documents{defs: child(schema, "$defs")}
	if err := json.Unmarshal(d.OpenAPI, &parsed.openAPI); err != nil {
		return documents{}, fmt.Errorf("OpenAPI: %w", err)
	}
	if err := json.Unmarshal(d.OpenRPC, &parsed.openRPC); err != nil {
		return documents{}, fmt.Errorf("OpenRPC: %w", err)
	}
	id := text(schema, "$id")
	parsed.version = id[strings.LastIndex(id, ":")+1:]
	if _, err := numbers(parsed.version); err != nil {
		return documents{}, fmt.Errorf("JSON Schema: $id %q has no version at its end", id)
	}
	return parsed, nil
}

// numbers are those of a version such as 1.2.
func numbers(version string) ([]int, error) {
	var found []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, err
		}
		found = append(found, n)
	}
	return found, nil
}

// higher tells whether version a comes after b; both are versions.
func higher(a, b string) bool {
	x, _ := numbers(a)
	y, _ := numbers(b)
	return slices.Compare(x, y) > 0
}

// compare lists what breaks.
func compare(old, new documents) []string {
	c := &comparison{old: old.defs, new: new.defs, seen: map[string]bool{}}
	c.schema("UniversalEvent", output, reference("UniversalEvent"), reference("UniversalEvent"))
	c.schema("Problem", output, reference("Problem"), reference("Problem"))
	c.methods(old.openRPC, new.openRPC)
	c.notifications(old.openRPC, new.openRPC)
	c.codes(old.openRPC, new.openRPC)
	c.routes(old.openAPI, new.openAPI)
	return c.breaks
}

func reference(name string) node { return node{"$ref": "#/$defs/" + name} }

// comparison collects what breaks.
type comparison struct {
	old, new node            // the definitions
	seen     map[string]bool // pairs of definitions, with the direction
	breaks   []string
}

func (c *comparison) broken(where, format string, args ...any) {
	c.breaks = append(c.breaks, where+": "+fmt.Sprintf(format, args...))
}

// --- reading decoded JSON, where what is missing is empty

func child(n node, name string) node {
	found, _ := n[name].(node)
	return found
}

func text(n node, name string) string {
	found, _ := n[name].(string)
	return found
}

func list(n node, name string) []any {
	found, _ := n[name].([]any)
	return found
}

// named finds the objects of a list by their name.
func named(items []any) map[string]node {
	found := map[string]node{}
	for _, item := range items {
		if n, ok := item.(node); ok {
			found[text(n, "name")] = n
		}
	}
	return found
}
