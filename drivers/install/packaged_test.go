package install

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPackaged(t *testing.T) {
	p := &Program{Agent: "it", Version: "1.0.0", Packages: Packages{
		"linux-x64":   {Name: "it-linux-x64", Version: "1.0.0", Executable: "bin/it"},
		"linux-arm64": {Name: "it", Version: "1.0.0-linux-arm64", Executable: "vendor/it"},
	}}
	for name, tt := range map[string]struct {
		program, manifest, want string
	}{
		"in its package":         {"bin/it", `{"name":"it-linux-x64","version":"1.2.3"}`, "1.2.3"},
		"with a suffix":          {"vendor/it", `{"name":"it","version":"1.2.3-linux-arm64"}`, "1.2.3"},
		"without the suffix":     {"vendor/it", `{"name":"it","version":"1.2.3"}`, ""},
		"in another package":     {"bin/it", `{"name":"that-linux-x64","version":"1.2.3"}`, ""},
		"somewhere else in it":   {"it", `{"name":"it-linux-x64","version":"1.2.3"}`, ""},
		"without a version":      {"bin/it", `{"name":"it-linux-x64","version":"latest"}`, ""},
		"with a broken manifest": {"bin/it", `{"name":"it-linux-x64"`, ""},
		"without a manifest":     {"bin/it", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			program := filepath.Join(root, filepath.FromSlash(tt.program))
			write(t, "#!/bin/sh\n", 0o755, program)
			if tt.manifest != "" {
				write(t, tt.manifest, 0o644, root, "package.json")
			}
			link := filepath.Join(t.TempDir(), "it")
			if err := os.Symlink(program, link); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{program, link} {
				if got, ok := p.Packaged(path); got != tt.want || ok != (tt.want != "") {
					t.Errorf("%s is version %q, %v; want %q", path, got, ok, tt.want)
				}
			}
		})
	}
	if got, ok := p.Packaged(filepath.Join(t.TempDir(), "bin", "it")); ok {
		t.Errorf("a missing program is version %q", got)
	}
}
