package compat

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// methods compares the methods on stdio.
func (c *comparison) methods(old, new node) {
	was, is := named(list(old, "methods")), named(list(new, "methods"))
	for _, name := range slices.Sorted(maps.Keys(was)) {
		m, ok := is[name]
		if !ok {
			c.broken(name, "the method goes")
			continue
		}
		c.schema(name+" params", input, local(child(was[name], "x-params")), local(child(m, "x-params")))
		c.schema(name+" result", output, local(child(child(was[name], "result"), "schema")), local(child(child(m, "result"), "schema")))
		c.subset(name, "notification", list(was[name], "x-stream"), list(m, "x-stream"))
	}
}

// local is a schema of OpenRPC as it is in the JSON Schema. Only a reference
// can stand there.
func local(schema node) node {
	name := text(schema, "$ref")
	return reference(name[strings.LastIndex(name, "/")+1:])
}

// notifications compares the notifications on stdio.
func (c *comparison) notifications(old, new node) {
	was, is := named(list(old, "x-notifications")), named(list(new, "x-notifications"))
	for _, name := range slices.Sorted(maps.Keys(was)) {
		n, ok := is[name]
		if !ok {
			c.broken(name, "the notification goes")
			continue
		}
		dir := output
		if text(n, "sentBy") == "client" {
			dir = input
		}
		c.schema(name+" params", dir, local(child(was[name], "x-params")), local(child(n, "x-params")))
	}
}

// codes compares the codes of the error kinds on stdio.
func (c *comparison) codes(old, new node) {
	was, is := codes(old), codes(new)
	for _, kind := range slices.Sorted(maps.Keys(was)) {
		if is[kind] != was[kind] {
			c.broken("error "+kind, "the code changes from %v to %v", was[kind], is[kind])
		}
	}
}

func codes(openRPC node) map[string]any {
	found := map[string]any{}
	for _, e := range child(child(openRPC, "components"), "errors") {
		if e, ok := e.(node); ok {
			for _, kind := range list(child(e, "data"), "kinds") {
				found[fmt.Sprint(kind)] = e["code"]
			}
		}
	}
	return found
}

func (c *comparison) subset(where, what string, old, new []any) {
	for _, name := range old {
		if !slices.Contains(new, name) {
			c.broken(where, "the %s %v goes", what, name)
		}
	}
}

// routes compares the methods on HTTP, but for the schemas that stdio has too.
func (c *comparison) routes(old, new node) {
	was, is := child(old, "paths"), child(new, "paths")
	for _, path := range slices.Sorted(maps.Keys(was)) {
		for _, verb := range slices.Sorted(maps.Keys(child(was, path))) {
			where := strings.ToUpper(verb) + " " + path
			before, after := child(child(was, path), verb), child(child(is, path), verb)
			if after == nil {
				c.broken(where, "the route goes")
				continue
			}
			c.parameters(where, named(list(before, "parameters")), named(list(after, "parameters")))
			c.content(where+" body", child(before, "requestBody"), child(after, "requestBody"))
			c.answers(where, child(before, "responses"), child(after, "responses"))
		}
	}
	c.statuses(child(old, "components"), child(new, "components"))
}

func (c *comparison) parameters(where string, old, new map[string]node) {
	for _, name := range slices.Sorted(maps.Keys(old)) {
		p, ok := new[name]
		switch {
		case !ok:
			c.broken(where+" "+name, "the parameter goes")
		case text(p, "in") != text(old[name], "in"):
			c.broken(where+" "+name, "the parameter moves from %s to %s", text(old[name], "in"), text(p, "in"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(new)) {
		was, is := old[name]["required"], new[name]["required"]
		if is == true && was != true {
			c.broken(where+" "+name, "the parameter is required now")
		}
	}
}

// content compares the media types of a body or an answer.
func (c *comparison) content(where string, old, new node) {
	for _, media := range slices.Sorted(maps.Keys(child(old, "content"))) {
		if _, ok := child(new, "content")[media]; !ok {
			c.broken(where, "%s goes", media)
		}
	}
	if new["required"] == true && old["required"] != true {
		c.broken(where, "it is required now")
	}
}

// answers compares those that are no errors: their status, their headers and
// what they hold.
func (c *comparison) answers(where string, old, new node) {
	for _, status := range slices.Sorted(maps.Keys(old)) {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		before, after := child(old, status), child(new, status)
		if after == nil {
			c.broken(where, "the status %s goes", status)
			continue
		}
		c.content(where+" "+status, before, after)
		for _, header := range slices.Sorted(maps.Keys(child(before, "headers"))) {
			if _, ok := child(after, "headers")[header]; !ok {
				c.broken(where+" "+status, "the header %s goes", header)
			}
		}
	}
}

// statuses compares the statuses of the error kinds.
func (c *comparison) statuses(old, new node) {
	was, is := statuses(old), statuses(new)
	for _, kind := range slices.Sorted(maps.Keys(was)) {
		if is[kind] != was[kind] {
			c.broken(kind, "the status changes from %s to %q", was[kind], is[kind])
		}
	}
}

func statuses(components node) map[string]string {
	found := map[string]string{}
	for name, response := range child(components, "responses") {
		status, ok := strings.CutPrefix(name, "Problem")
		if response, isNode := response.(node); ok && isNode {
			schema := child(child(child(response, "content"), "application/json"), "schema")
			for _, part := range list(schema, "allOf") {
				if part, ok := part.(node); ok {
					for _, kind := range enumeration(child(child(part, "properties"), "type")) {
						found[kind] = status
					}
				}
			}
		}
	}
	return found
}
