//go:build unix

package install

import (
	"path/filepath"
	"testing"
)

// Without a registry in the settings npm is asked, which also knows where its
// global configuration is.
func TestAskNPM(t *testing.T) {
	b := newBench(t)
	b.environ = b.environ[:3]
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	global := write(t, "flag=global\n", 0o644, b.home, "etc", "npmrc")
	write(t, "#!/bin/sh\ncase \"$1 $2 $3\" in\n"+
		"'config get globalconfig') echo "+global+";;\n"+
		"'config get registry') echo "+b.registry.URL+"/;;\n"+
		"*) exit 1;;\nesac\n", 0o755, bin, "npm")
	b.install(t, Request{Version: "1.0.0"})
	if got := b.located(t); got != "1.0.0" {
		t.Errorf("located %q", got)
	}
	if address, err := Registry(t.Context(), b.environ); err != nil || address != b.registry.URL+"/" {
		t.Errorf("registry %q, %v", address, err)
	}

	// The global file may name the registry itself; an npm that can't be run
	// is as none.
	write(t, "registry=http://user:secret@127.0.0.1:1/global\n", 0o644, filepath.Dir(global), "npmrc")
	if address, err := Registry(t.Context(), b.environ); err != nil || address != "http://***@127.0.0.1:1/global/" {
		t.Errorf("registry %q, %v", address, err)
	}
	write(t, "#!/bin/sh\nexit 1\n", 0o755, bin, "npm")
	if address, err := Registry(t.Context(), b.environ); err != nil || address != "" {
		t.Errorf("registry %q, %v", address, err)
	}
}
