package rpc_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/rpc"
)

var updateREADME = flag.Bool("update", false, "write the README's tables again")

// TestREADME holds the README's tables to the code that they describe.
func TestREADME(t *testing.T) {
	const path = "../README.md"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for name, table := range map[string]string{"methods": methodsTable(), "errors": errorsTable()} {
		begin, end := "<!-- "+name+": made by make generate -->\n", "<!-- end of "+name+" -->"
		before, rest, ok := strings.Cut(text, begin)
		was, after, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("README has no place for %s", name)
		}
		if diff := cmp.Diff(table, was); diff != "" && !*updateREADME {
			t.Errorf("%s: run make generate (-want +got):\n%s", name, diff)
		}
		text = before + begin + table + end + after
	}
	if *updateREADME {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func methodsTable() string {
	var b strings.Builder
	b.WriteString("| method | HTTP | what it does |\n|---|---|---|\n")
	for _, m := range rpc.Table() {
		stream := ""
		if m.Streams {
			stream = " Notifications, or server-sent events, follow."
		}
		http := "–"
		for i, path := range m.Paths {
			if i == 0 {
				http = m.Verb
			} else {
				http += ","
			}
			http += " `" + strings.TrimPrefix(path, "/v1") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s%s |\n", m.Name, http, m.Doc, stream)
	}
	return b.String()
}

func errorsTable() string {
	var b strings.Builder
	b.WriteString("| kind | code | HTTP |\n|---|---|---|\n")
	for _, e := range rpc.Errors() {
		status := "–"
		if e.Status != 0 {
			status = fmt.Sprint(e.Status)
		}
		fmt.Fprintf(&b, "| `%s` | %d | %s |\n", e.Kind, e.Code, status)
	}
	return b.String()
}
