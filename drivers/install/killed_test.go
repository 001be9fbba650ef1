package install

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What an install leaves behind that was killed is not trusted, and removed by
// the next.
func TestInstallKilled(t *testing.T) {
	b := newBench(t)
	downloading := make(chan struct{})
	b.registry.answerFirst(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, ".tgz") {
			return false
		}
		w.Header().Set("Content-Length", "1000000")
		_, _ = w.Write(make([]byte, 100_000))
		_ = http.NewResponseController(w).Flush()
		close(downloading)
		<-r.Context().Done()
		return true
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(b.environ, installVariable+"=1.0.0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-downloading
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // tells that it was killed
	if left := b.folders(t); len(left) != 1 || !strings.HasPrefix(left[0], stagingPrefix) || b.located(t) != "" {
		t.Errorf("left %v, located %q; want what was begun and nothing to run", left, b.located(t))
	}
	b.registry.answerFirst(nil)
	b.install(t, Request{Version: "1.0.0"})
	if got := b.located(t); got != "1.0.0" || len(b.folders(t)) != 1 {
		t.Errorf("located %q in %v", got, b.folders(t))
	}
}

// Processes wait for each other as goroutines do.
func TestInstallInProcessesAtOnce(t *testing.T) {
	b := newBench(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var cmds []*exec.Cmd
	for range 3 {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(b.environ, installVariable+"=1.0.0", "GORACE=atexit_sleep_ms=0")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds = append(cmds, cmd)
	}
	for _, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	if n := b.downloads(); n != 1 || b.located(t) != "1.0.0" {
		t.Errorf("%d downloads, located %q", n, b.located(t))
	}
}
