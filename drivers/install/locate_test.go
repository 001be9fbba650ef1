package install

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// testProgram has a package like Claude Code's: one native program for each
// platform, which the tests' host has.
var testProgram = Program{
	Agent:     "agent",
	Variable:  "AGENT_PATH",
	Command:   "agent",
	Launchers: []string{"@maker/agent"},
	Homes:     []string{".agent/bin"},
	Version:   "1.0.0",
	Packages: Packages{
		Host(): {Name: "@maker/agent-native", Version: "1.0.0", Executable: name()},
	},
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
		"HOME":                   filepath.Join(root, "home"),
		"USERPROFILE":            filepath.Join(root, "home"),
		"PATH":                   strings.Join([]string{"relative", filepath.Join(root, "none"), filepath.Join(root, "path")}, string(os.PathListSeparator)),
	}
	chosen := write(t, executable, 0o755, env["AGENT_PATH"])
	data := write(t, executable, 0o755, root, "data", "bin", name())
	path := write(t, executable, 0o755, root, "path", name())
	home := write(t, executable, 0o755, root, "home", ".agent", "bin", name())
	for _, want := range []string{chosen, data, path, home} {
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
	hint := hintOf(t, err)
	for _, want := range []string{filepath.Join(root, "data"), "PATH", filepath.Join(root, "home", ".agent", "bin"), "install-agent agent", "npm install -g @maker/agent", "AGENT_PATH"} {
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

// hintOf is what an error tells a person to do.
func hintOf(t *testing.T, err error) string {
	t.Helper()
	var e *universal.Error
	if !errors.As(err, &e) {
		t.Fatalf("no typed error: %v", err)
	}
	hint, _ := e.Details["message"].(string)
	return hint
}
