package main

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/rpc"
)

// Every method that HTTP has is a command, and every row is a method.
func TestAPICommandsAreTheTable(t *testing.T) {
	rows := apiRows()
	for _, m := range rpc.Table() {
		has := slices.ContainsFunc(rows, func(r apiRow) bool { return r.method == m.Name })
		if has != (len(m.Paths) > 0) {
			t.Errorf("%s: has a command: %v, has a path: %v", m.Name, has, len(m.Paths) > 0)
		}
	}
	for _, row := range rows {
		if !slices.ContainsFunc(rpc.Table(), func(m rpc.Method) bool { return m.Name == row.method }) {
			t.Errorf("%s is no method", row.method)
		}
	}
}

// Every param of a method can be given: as an argument, by a flag of the
// row's own or by one made from its type.
func TestAPIParams(t *testing.T) {
	for _, row := range apiRows() {
		m := row.lookup()
		known := map[string]bool{}
		for name, field := range members(m.Params) {
			known[name] = true
			own := slices.ContainsFunc(row.flags, func(f apiFlag) bool { return f.param == name })
			hidden := slices.Contains(hiddenParams[row.method], name)
			if !own && !hidden && !slices.Contains(row.args, name) && plainFlag(name, nil, "", field) == nil {
				if row.method == "fs/upload" && name == "content" {
					continue
				}
				t.Errorf("%s: no way to give %s", row.method, name)
			}
		}
		for _, arg := range row.args {
			if !known[arg] {
				t.Errorf("%s has no param %s", row.method, arg)
			}
		}
		for param := range row.short {
			if !known[param] {
				t.Errorf("%s has no param %s", row.method, param)
			}
		}
	}
}

// Every flag says what it is for.
func TestFlagsHaveUsages(t *testing.T) {
	var walk func(cmd *cli.Command)
	walk = func(cmd *cli.Command) {
		for _, f := range cmd.Flags {
			if doc, ok := f.(cli.DocGenerationFlag); !ok || doc.GetUsage() == "" && !slices.Contains(earlyNames(), f.Names()[0]) {
				t.Errorf("%s --%s has no usage", cmd.Name, f.Names()[0])
			}
		}
		for _, sub := range cmd.Commands {
			walk(sub)
		}
	}
	walk(newApp(strings.NewReader(""), io.Discard, io.Discard))
	for key := range paramUsages {
		method, param, ok := strings.Cut(key, " ")
		if !ok {
			method, param = "", key
		}
		if !slices.ContainsFunc(apiRows(), func(row apiRow) bool {
			for name := range members(row.lookup().Params) {
				if name == param && (method == "" || method == row.method) {
					return true
				}
			}
			return false
		}) {
			t.Errorf("there is no param %q", key)
		}
	}
}

func earlyNames() []string {
	var names []string
	for _, f := range earlyTokenFlags() {
		names = append(names, f.Names()[0])
	}
	return names
}

func TestPrintText(t *testing.T) {
	tests := map[string]string{
		`{"sessions":[{"sessionId":"a","agent":"mock","status":"idle","createdAt":1,"model":null},{"sessionId":"long","agent":"codex","status":"running","model":"m\u001b[31m"}]}`: "SESSIONID  AGENT  STATUS   MODEL\na          mock   idle     \nlong       codex  running  m\u241b[31m\n",
		`{"healthy":true,"sessionId":"s","nested":{"a":1},"none":null}`: "healthy    true\nnested     {\"a\":1}\nsessionId  s\n",
		`{"agents":[]}`: "",
		`["a","b"]`:     "a\nb\n",
		`5`:             "5\n",
	}
	for body, want := range tests {
		var got bytes.Buffer
		if err := printText(&got, []byte(body)); err != nil || got.String() != want {
			t.Errorf("%s\ngave %q, %v\nwant %q", body, got.String(), err, want)
		}
	}
}
