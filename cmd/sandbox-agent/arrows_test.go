package main

import (
	"flag"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateArrows = flag.Bool("update-arrows", false, "write testdata/arrows.golden again")

const modulePath = "github.com/sandbox-agent/sandbox-agent/"

// rooms may import those before them and themselves; fixtures, which is for
// tests and tools only, may import all and is imported by none of them.
var rooms = []string{"universal", "drivers", "rpc", "httpbridge", "schema", "cmd", "fixtures"}

// TestArrows holds the direction in which packages depend on each other, and
// makes every new dependency a visible change of a file.
func TestArrows(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "../../...")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		names := strings.Fields(line)
		from := strings.TrimPrefix(names[0], modulePath)
		var to []string
		for _, name := range names[1:] {
			if own := strings.TrimPrefix(name, modulePath); own != name {
				checkArrow(t, from, own)
				to = append(to, own)
			} else if host, _, _ := strings.Cut(name, "/"); strings.Contains(host, ".") {
				if room(from) == 0 {
					t.Errorf("%s imports %s; it may import the standard library only", from, name)
				}
				to = append(to, name)
			}
		}
		slices.Sort(to)
		lines = append(lines, strings.TrimSpace(from+": "+strings.Join(to, " ")))
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	const golden = "testdata/arrows.golden"
	if *updateArrows {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("dependencies changed; if that is meant, run this test with -update-arrows (-want +got):\n%s", diff)
	}
}

func room(pkg string) int {
	name, _, _ := strings.Cut(pkg, "/")
	return slices.Index(rooms, name)
}

func checkArrow(t *testing.T, from, to string) {
	t.Helper()
	switch {
	case room(from) < 0 || room(to) < 0:
		t.Errorf("%s imports %s: one of them is in no room", from, to)
	case room(to) > room(from):
		t.Errorf("%s imports %s: the arrow points the wrong way", from, to)
	}
}
