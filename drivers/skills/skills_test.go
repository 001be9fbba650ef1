package skills_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/skills"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("---\nname: x\n---\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "one", "greeter", skills.File))
	write(t, filepath.Join(root, "one", "counter", skills.File))
	write(t, filepath.Join(root, "two", "skills", "singer", skills.File))
	write(t, filepath.Join(root, "three", "no-skill.md"))
	for name, test := range map[string]struct {
		source drivers.SkillSource
		want   []string
		kind   universal.ErrorKind
	}{
		"all of a folder":  {drivers.SkillSource{Source: filepath.Join(root, "one")}, []string{"one/greeter", "one/counter"}, ""},
		"some of a folder": {drivers.SkillSource{Source: filepath.Join(root, "one"), Skills: []string{"counter"}}, []string{"one/counter"}, ""},
		"a folder in it":   {drivers.SkillSource{Source: filepath.Join(root, "two")}, []string{"two/skills/singer"}, ""},
		"the skill itself": {drivers.SkillSource{Type: "local", Source: root, Subpath: "one/greeter"}, []string{"one/greeter"}, ""},
		"one that isn't":   {drivers.SkillSource{Source: filepath.Join(root, "one"), Skills: []string{"dancer"}}, nil, universal.KindInvalidRequest},
		"none":             {drivers.SkillSource{Source: filepath.Join(root, "three")}, nil, universal.KindInvalidRequest},
		"nowhere":          {drivers.SkillSource{Source: filepath.Join(root, "four")}, nil, universal.KindInvalidRequest},
		"a way out":        {drivers.SkillSource{Source: filepath.Join(root, "one"), Subpath: "../two"}, nil, universal.KindInvalidRequest},
		"another kind":     {drivers.SkillSource{Type: "git", Source: "x"}, nil, universal.KindNotSupported},
	} {
		found, err := skills.Find("agent", []drivers.SkillSource{test.source})
		if test.kind != "" {
			if universal.KindOf(err) != test.kind {
				t.Errorf("%s: error %v, want %s", name, err, test.kind)
			}
			continue
		}
		want := map[string]string{}
		for _, dir := range test.want {
			want[filepath.Base(dir)] = filepath.Join(root, filepath.FromSlash(dir))
		}
		if diff := cmp.Diff(want, found); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestGather(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "src", "greeter", skills.File))
	dir := filepath.Join(root, "gathered")
	if err := skills.Gather(dir, map[string]string{"greeter": filepath.Join(root, "src", "greeter")}); err != nil {
		t.Fatal(err)
	}
	found, err := skills.Find("agent", []drivers.SkillSource{{Source: dir}})
	if err != nil || found["greeter"] != filepath.Join(dir, "greeter") {
		t.Errorf("gathered: %v (%v)", found, err)
	}
}
