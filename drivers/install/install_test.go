package install

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

var testProgram = Program{
	Agent:    "agent",
	Variable: "AGENT_PATH",
	Command:  "agent",
	Package:  "@maker/agent",
	Hint:     "install it with: npm install -g @maker/agent",
}

// executable is a file that the system can execute, as far as its first bytes
// tell.
const executable = "\x7fELF and so on"

func write(t *testing.T, text string, mode os.FileMode, elem ...string) string {
	t.Helper()
	path := filepath.Join(elem...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func name() string {
	if runtime.GOOS == "windows" {
		return "agent.exe"
	}
	return "agent"
}

func getenv(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func TestOrder(t *testing.T) {
	root := t.TempDir()
	env := map[string]string{
		"AGENT_PATH":             filepath.Join(root, "chosen", name()),
		"SANDBOX_AGENT_DATA_DIR": filepath.Join(root, "data"),
		"PATH":                   strings.Join([]string{"relative", filepath.Join(root, "none"), filepath.Join(root, "path")}, string(os.PathListSeparator)),
	}
	chosen := write(t, executable, 0o755, env["AGENT_PATH"])
	data := write(t, executable, 0o755, root, "data", "bin", name())
	path := write(t, "#!/bin/sh\n", 0o755, root, "path", name())
	for _, want := range []string{chosen, data, path} {
		got, err := Locate(testProgram, getenv(env))
		if err != nil || got != want {
			t.Fatalf("located %q, %v; want %q", got, err, want)
		}
		if err := os.Remove(want); err != nil {
			t.Fatal(err)
		}
		delete(env, "AGENT_PATH")
	}
	_, err := Locate(testProgram, getenv(env))
	if universal.KindOf(err) != universal.KindAgentNotInstalled {
		t.Fatalf("error %v", err)
	}
	hint, _ := err.(*universal.Error).Details["message"].(string)
	for _, want := range []string{filepath.Join(root, "data", "bin"), "PATH", testProgram.Hint, "AGENT_PATH"} {
		if !strings.Contains(hint, want) {
			t.Errorf("no %q in the hint %q", want, hint)
		}
	}
}

func TestWhatIsChosenMustWork(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "none"), dir, write(t, "just a text", 0o755, dir, "text")} {
		_, err := Locate(testProgram, getenv(map[string]string{"AGENT_PATH": path}))
		if universal.KindOf(err) != universal.KindAgentNotInstalled {
			t.Errorf("%s: %v", path, err)
		}
	}
	if runtime.GOOS != "windows" {
		path := write(t, executable, 0o644, dir, "plain")
		if _, err := Locate(testProgram, getenv(map[string]string{"AGENT_PATH": path})); err == nil {
			t.Error("a file that may not be executed was located")
		}
	}
}

// npm without install scripts leaves a text in place of the program.
func TestLauncherStandsForTheNativeProgram(t *testing.T) {
	const stub = "echo run node install.cjs first\n"
	platform := platforms()[0]
	t.Run("nested, through a link", func(t *testing.T) {
		root := t.TempDir()
		pkg := filepath.Join(root, "lib", "node_modules", "@maker", "agent")
		launcher := write(t, stub, 0o755, pkg, "bin", name())
		native := write(t, executable, 0o755, pkg, "node_modules", "@maker", "agent-"+platform, name())
		link := filepath.Join(root, "bin", name())
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(launcher, link); err != nil {
			t.Fatal(err)
		}
		got, err := Locate(testProgram, getenv(map[string]string{"PATH": filepath.Dir(link)}))
		if err != nil || !sameFile(t, got, native) {
			t.Errorf("located %q, %v; want %q", got, err, native)
		}
	})
	t.Run("beside", func(t *testing.T) {
		root := t.TempDir()
		launcher := write(t, stub, 0o755, root, "node_modules", "@maker", "agent", "bin", name())
		native := write(t, executable, 0o755, root, "node_modules", "@maker", "agent-"+platform, name())
		got, err := Locate(testProgram, getenv(map[string]string{"AGENT_PATH": launcher}))
		if err != nil || !sameFile(t, got, native) {
			t.Errorf("located %q, %v; want %q", got, err, native)
		}
	})
}

func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	two, err := os.Stat(b)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(one, two)
}

func TestDataDir(t *testing.T) {
	got, err := DataDir(getenv(map[string]string{"SANDBOX_AGENT_DATA_DIR": t.TempDir(), "HOME": "/h"}))
	if err != nil || !filepath.IsAbs(got) {
		t.Errorf("data directory %q, %v", got, err)
	}
	home := t.TempDir()
	got, err = DataDir(getenv(map[string]string{"HOME": home, "XDG_DATA_HOME": "relative is ignored"}))
	if err != nil || !strings.HasPrefix(got, home) || filepath.Base(got) != "sandbox-agent" {
		t.Errorf("data directory %q, %v", got, err)
	}
}

func TestIdentityChangesWithTheFile(t *testing.T) {
	path := write(t, "one", 0o755, t.TempDir(), "x")
	first, err := Identify(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Identify(path); err != nil || again != first {
		t.Errorf("identity %+v, then %+v, %v", first, again, err)
	}
	write(t, "another", 0o755, path)
	if second, err := Identify(path); err != nil || second == first {
		t.Errorf("identity %+v after a change, %v", second, err)
	}
	if _, err := Identify(path + "none"); err == nil {
		t.Error("identity of a file that isn't there")
	}
}
