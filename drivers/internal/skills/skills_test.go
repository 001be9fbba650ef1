package skills

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestFind(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"one", "two", "skills/three", "empty/nothing"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"one", "two", "skills/three"} {
		if err := os.WriteFile(filepath.Join(root, name, File), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name   string
		source drivers.SkillSource
		want   []string // paths below root
		kind   universal.ErrorKind
		text   string
	}{
		{"all", drivers.SkillSource{Source: root}, []string{"one", "two", "skills/three"}, "", ""},
		{"itself", drivers.SkillSource{Source: filepath.Join(root, "one")}, []string{"one"}, "", ""},
		{"some", drivers.SkillSource{Type: "local", Source: root, Skills: []string{"two"}}, []string{"two"}, "", ""},
		{"below", drivers.SkillSource{Source: root, Subpath: "skills"}, []string{"skills/three"}, "", ""},
		{"outside", drivers.SkillSource{Source: root, Subpath: "../x"}, nil, universal.KindInvalidRequest, "leads out"},
		{"missing", drivers.SkillSource{Source: root, Skills: []string{"four"}}, nil, universal.KindInvalidRequest, `no skill "four"`},
		{"none", drivers.SkillSource{Source: filepath.Join(root, "empty")}, nil, universal.KindInvalidRequest, File},
		{"nowhere", drivers.SkillSource{Source: filepath.Join(root, "nowhere")}, nil, universal.KindInvalidRequest, "nowhere"},
		{"elsewhere", drivers.SkillSource{Type: "git", Source: "x"}, nil, universal.KindNotSupported, "git"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Find("agent", []drivers.SkillSource{tt.source})
			if tt.kind != "" {
				if universal.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("the error is %v, want kind %s with %q", err, tt.kind, tt.text)
				}
				return
			}
			want := map[string]string{}
			for _, path := range tt.want {
				want[filepath.Base(path)] = filepath.Join(root, path)
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestGather(t *testing.T) {
	root := t.TempDir()
	own := filepath.Join(root, "own", "greeter")
	if err := os.MkdirAll(own, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(own, File), []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "gathered")
	if err := Gather(dir, map[string]string{"greeter": own}); err != nil {
		t.Fatal(err)
	}
	found, err := Find("agent", []drivers.SkillSource{{Source: dir}})
	if diff := cmp.Diff(map[string]string{"greeter": filepath.Join(dir, "greeter")}, found); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if text, err := os.ReadFile(filepath.Join(found["greeter"], File)); err != nil || string(text) != "hello" {
		t.Errorf("the skill has %q (%v)", text, err)
	}
}
