//go:build !race

package install

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The smallest agent installs from the registry that this machine uses, and is
// the version that it claims to be. Nothing here is kept. The race detector makes
// unpacking take half a minute, and sees the same code with small packages.
func TestInstallForReal(t *testing.T) {
	environ := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, Amp().Variable+"=") })
	environ = append(environ, DataDirVariable+"="+t.TempDir())
	done, err := NewInstaller(func() []string { return environ }).Install(t.Context(), Request{Agent: "amp", Report: func(p Progress) {
		if p.Done == 0 {
			t.Log(p.Step, p.Package)
		}
	}})
	p := Amp()
	if _, _, offered := p.Packages.For(Host()); !offered {
		if !errors.Is(err, ErrUnsupportedPlatform) {
			t.Fatalf("error %v for a system that Amp isn't published for", err)
		}
		return
	}
	if err != nil {
		t.Fatalf("%v: %v", err, errors.Unwrap(err))
	}
	if found, err := Locate(p, lookup(environ)); err != nil || found != done.Path {
		t.Errorf("located %q, %v; want %q", found, err, done.Path)
	}
	cmd := exec.CommandContext(t.Context(), done.Path, "--version")
	cmd.Env = append(environ, "HOME="+t.TempDir())
	out, err := cmd.Output()
	if err != nil || !strings.HasPrefix(string(out), done.Version) || done.Version != p.Version {
		t.Errorf("--version printed %q, %v; want %s", out, err, p.Version)
	}
}
