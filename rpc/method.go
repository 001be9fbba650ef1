package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Method is a row of the table.
type Method struct {
	Name string
	// Verb and Paths are the same method on HTTP; empty where it has none. A
	// parameter that one of the paths has in it is optional in the others.
	Verb  string
	Paths []string
	// Given are params that a path stands for, by the path.
	Given map[string]map[string]string
	Doc   string
	// Params and Result are the Go types of what goes in and comes out.
	Params, Result reflect.Type
	// Streams tells that notifications follow the answer.
	Streams bool
	// InOrder tells that requests of one client about the same session are
	// carried out in the order in which they were sent.
	InOrder bool

	// Exactly one of these is set.
	call    func(ctx context.Context, s *Server, params json.RawMessage) (any, error)
	open    func(ctx context.Context, s *Server, params json.RawMessage) (any, Feed, error)
	connect func(ctx context.Context, c *conn, params json.RawMessage) (any, error)
}

// Feed pumps what a streaming method has to say into a writer until the
// stream ends, and says why; when ctx ends it returns its cause.
type Feed func(ctx context.Context, w FeedWriter) (session.StreamEnd, error)

// FeedWriter is a transport's end of a feed. An error ends the feed.
type FeedWriter interface {
	// Event takes an encoded event and its sequence number: head up to and
	// with `"raw":`, and the raw payload or null. Both are the feed's again
	// once it returns. It may gather events until Flush.
	Event(sequence uint64, head, raw []byte) error
	// Changed takes a session's new summary.
	Changed(info session.Info) error
	// Flush is called when nothing more is there for now.
	Flush() error
}

// callRow makes a row of a method that answers once.
func callRow[P, R any](name, verb, path, doc string, handle func(ctx context.Context, s *Server, p *P) (R, error)) Method {
	m := newRow[P, R](name, verb, path, doc)
	m.call = func(ctx context.Context, s *Server, params json.RawMessage) (any, error) {
		p, err := DecodeParams[P](params)
		if err != nil {
			return nil, err
		}
		return handle(ctx, s, p)
	}
	return m
}

// streamRow makes a row of a method whose answer is followed by a feed.
func streamRow[P, R any](name, verb, path, doc string, open func(ctx context.Context, s *Server, p *P) (R, Feed, error)) Method {
	m := newRow[P, R](name, verb, path, doc)
	m.Streams = true
	m.open = func(ctx context.Context, s *Server, params json.RawMessage) (any, Feed, error) {
		p, err := DecodeParams[P](params)
		if err != nil {
			return nil, nil, err
		}
		return open(ctx, s, p)
	}
	return m
}

// connRow makes a row of a method that is about the connection itself.
func connRow[P, R any](name, doc string, handle func(c *conn, ctx context.Context, p *P) (R, error)) Method {
	m := newRow[P, R](name, "", "", doc)
	m.connect = func(ctx context.Context, c *conn, params json.RawMessage) (any, error) {
		p, err := DecodeParams[P](params)
		if err != nil {
			return nil, err
		}
		return handle(c, ctx, p)
	}
	return m
}

// alsoAt gives a method a further path.
func alsoAt(path string, m Method) Method {
	m.Paths = append(m.Paths, path)
	return m
}

// standsFor gives a method a further path, one that stands for a param.
func standsFor(path, param, value string, m Method) Method {
	m = alsoAt(path, m)
	given := map[string]map[string]string{path: {param: value}}
	maps.Copy(given, m.Given)
	m.Given = given
	return m
}

// inOrder marks a row. It must be quick, or what follows waits for it.
func inOrder(m Method) Method {
	m.InOrder = true
	return m
}

func newRow[P, R any](name, verb, path, doc string) Method {
	m := Method{Name: name, Verb: verb, Doc: doc, Params: reflect.TypeFor[P](), Result: reflect.TypeFor[R]()}
	if path != "" {
		m.Paths = []string{path}
	}
	return m
}

// DecodeParams decodes a params object. A member without omitempty is
// required; unknown members are ignored.
func DecodeParams[P any](params json.RawMessage) (*P, error) {
	p := new(P)
	if len(params) == 0 {
		params = json.RawMessage("{}")
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(params, &given); err != nil {
		return nil, universal.Errorf(universal.KindUnprocessable, "unprocessable: params are not an object").Because(err)
	}
	params, err := withoutLookalikes(params, given, reflect.TypeFor[P]())
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(params, p); err != nil {
		return nil, universal.Errorf(universal.KindUnprocessable, "unprocessable: %s", shapeError(err)).Because(err)
	}
	for _, name := range required(reflect.TypeFor[P]()) {
		if value, ok := given[name]; !ok || bytes.Equal(value, []byte("null")) {
			return nil, universal.Errorf(universal.KindUnprocessable, "unprocessable: %s is missing", name).With("parameter", name)
		}
	}
	return p, nil
}

// withoutLookalikes drops members that differ from those of a struct by their
// case only, which encoding/json would take for them: on HTTP, where the path
// has the session's id, "sessionid" in the body must not replace it.
func withoutLookalikes(params json.RawMessage, given map[string]json.RawMessage, t reflect.Type) (json.RawMessage, error) {
	found := false
	for f := range fields(t) {
		known, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		for name := range given {
			if name != known && strings.EqualFold(name, known) {
				delete(given, name)
				found = true
			}
		}
	}
	if !found {
		return params, nil
	}
	return json.Marshal(given)
}

func shapeError(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return fmt.Sprintf("%s is of type %s, which it cannot be", memberName(wrong.Field), wrong.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// memberName is the way to a member as the client wrote it: without the Go
// types that are embedded on it, whose names have a capital.
func memberName(field string) string {
	names := strings.Split(field, ".")
	return strings.Join(slices.DeleteFunc(names, func(name string) bool {
		return name != "" && unicode.IsUpper(rune(name[0]))
	}), ".")
}

// required lists the JSON names of a struct's members without omitempty.
func required(t reflect.Type) []string {
	var names []string
	for f := range fields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !strings.Contains(options, "omitempty") {
			names = append(names, name)
		}
	}
	return names
}

// fields iterates over a struct's JSON members, those of embedded structs too.
func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			if f.Anonymous || !f.IsExported() || f.Tag.Get("json") == "-" {
				continue
			}
			if !yield(f) {
				return
			}
		}
	}
}
