package compat

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// direction tells who writes the values of a schema.
type direction string

const (
	input  direction = "input"  // the client
	output direction = "output" // the server
)

// schema compares what may stand in one place.
func (c *comparison) schema(where string, dir direction, old, new node) {
	pair := string(dir) + " " + text(old, "$ref") + " " + text(new, "$ref")
	if text(old, "$ref") != "" && text(new, "$ref") != "" {
		if c.seen[pair] {
			return
		}
		c.seen[pair] = true
	}
	was, is := alternatives(c.old, old), alternatives(c.new, new)
	for _, kind := range slices.Sorted(maps.Keys(was)) {
		match, ok := find(is, kind, dir == input)
		switch {
		case ok:
			c.alternative(where, dir, was[kind], match)
		case dir == input || isVariant(kind):
			c.broken(where, "%s is not possible any more", kind)
		}
	}
	if dir == input {
		return
	}
	for _, kind := range slices.Sorted(maps.Keys(is)) {
		if _, ok := find(was, kind, true); !ok && !isVariant(kind) {
			c.broken(where, "%s is possible now", kind)
		}
	}
}

// find looks for a kind of value; wide also takes one that includes it.
func find(kinds map[string]node, kind string, wide bool) (node, bool) {
	if n, ok := kinds[kind]; ok {
		return n, true
	}
	if kind == "integer" {
		if n, ok := kinds["number"]; ok {
			return n, wide
		}
	}
	n, ok := kinds[anything]
	return n, ok && wide
}

const anything = "any value"

// isVariant tells whether a kind is a variant of a union that may grow.
func isVariant(kind string) bool { return strings.HasPrefix(kind, "type ") }

// alternatives are the kinds of values that a schema allows: the types of
// JSON, and objects that their member "type" tells apart.
func alternatives(defs, schema node) map[string]node {
	schema = resolve(defs, schema)
	found := map[string]node{}
	for _, keyword := range []string{"oneOf", "anyOf"} {
		for _, option := range list(schema, keyword) {
			if option, ok := option.(node); ok {
				maps.Copy(found, alternatives(defs, option))
			}
		}
	}
	if len(found) > 0 {
		return found
	}
	switch types := schema["type"].(type) {
	case string:
		found[kindOf(types, schema)] = schema
	case []any:
		for _, t := range types {
			found[fmt.Sprint(t)] = schema
		}
	default:
		found[anything] = schema
	}
	return found
}

func kindOf(jsonType string, schema node) string {
	if jsonType != "object" {
		return jsonType
	}
	tag := child(child(schema, "properties"), "type")
	if values := enumeration(tag); len(values) > 0 && text(tag, "type") == "string" && tag["const"] != nil {
		return "type " + values[0]
	}
	return jsonType
}

// resolve follows references, also those that stand alone in an allOf.
func resolve(defs, schema node) node {
	for {
		if all := list(schema, "allOf"); len(all) == 1 {
			schema, _ = all[0].(node)
			continue
		}
		name, ok := strings.CutPrefix(text(schema, "$ref"), "#/$defs/")
		if !ok {
			return schema
		}
		schema = child(defs, name)
	}
}

// enumeration lists the values that a schema has; none if it allows all.
func enumeration(schema node) []string {
	if value, ok := schema["const"]; ok {
		return []string{fmt.Sprint(value)}
	}
	var values []string
	for _, value := range list(schema, "enum") {
		values = append(values, fmt.Sprint(value))
	}
	return values
}

// alternative compares two schemas of one kind.
func (c *comparison) alternative(where string, dir direction, old, new node) {
	c.values(where, dir, enumeration(old), enumeration(new))
	for _, keyword := range []string{"format", "contentEncoding"} {
		if was, is := text(old, keyword), text(new, keyword); was != is {
			c.broken(where, "%s changes from %q to %q", keyword, was, is)
		}
	}
	c.minimum(where, dir, old, new)
	c.members(where, dir, old, new)
	c.elements(where, dir, "items", old, new)
	c.elements(where, dir, "additionalProperties", old, new)
}

func (c *comparison) values(where string, dir direction, old, new []string) {
	switch {
	case len(old) == 0 && len(new) > 0 && dir == input:
		c.broken(where, "only some values are possible now")
	case len(old) > 0 && len(new) == 0 && dir == output:
		c.broken(where, "every value is possible now")
	case len(old) == 0 || len(new) == 0:
		return
	}
	for _, value := range old {
		if len(new) > 0 && !slices.Contains(new, value) {
			c.broken(where, "the value %q goes", value)
		}
	}
}

func (c *comparison) minimum(where string, dir direction, old, new node) {
	was, had := old["minimum"].(float64)
	is, has := new["minimum"].(float64)
	switch {
	case dir == input && has && (!had || is > was), dir == output && had && (!has || is < was):
		c.broken(where, "the minimum changes from %v to %v", old["minimum"], new["minimum"])
	}
}

// members compares the members of objects.
func (c *comparison) members(where string, dir direction, old, new node) {
	was, is := child(old, "properties"), child(new, "properties")
	for _, name := range slices.Sorted(maps.Keys(was)) {
		below := where + "." + name
		if _, ok := is[name]; !ok {
			c.broken(below, "it goes")
			continue
		}
		c.schema(below, dir, child(was, name), child(is, name))
		if dir == output && requires(old, name) && !requires(new, name) {
			c.broken(below, "it may be left out now")
		}
	}
	for _, name := range list(new, "required") {
		if name := fmt.Sprint(name); dir == input && !requires(old, name) {
			c.broken(where+"."+name, "it is required now")
		}
	}
}

func requires(schema node, name string) bool {
	return slices.Contains(list(schema, "required"), any(name))
}

// elements compares what arrays and maps hold.
func (c *comparison) elements(where string, dir direction, keyword string, old, new node) {
	was, had := held(old, keyword)
	is, has := held(new, keyword)
	switch {
	case had && has:
		c.schema(where+"[]", dir, was, is)
	case had && dir == output:
		c.broken(where+"[]", "every value is possible now")
	case has && dir == input:
		c.broken(where+"[]", "only some values are possible now")
	}
}

// held is the schema of what arrays or maps hold; none where that is anything,
// which is written as true, as a schema that only describes, or not at all.
func held(schema node, keyword string) (node, bool) {
	of, ok := schema[keyword].(node)
	if !ok {
		return nil, false
	}
	for key := range of {
		if key != "description" && key != "title" {
			return of, true
		}
	}
	return nil, false
}
