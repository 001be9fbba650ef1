package sdk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// built is the program that all tests of the packages use.
var built struct {
	once sync.Once
	dir  string
	path string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// buildProgram returns the path of a program made from this tree.
func buildProgram(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "sandbox-agent-sdk-"); built.err != nil {
			return
		}
		built.path = filepath.Join(built.dir, "sandbox-agent")
		build := exec.Command("go", "build", "-o", built.path, "../../cmd/sandbox-agent")
		build.Stderr = os.Stderr
		built.err = build.Run()
	})
	if built.err != nil {
		t.Fatalf("build sandbox-agent: %v", built.err)
	}
	return built.path
}
