package opencode

import (
	"context"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// What the real OpenCode unpacks for itself is gone when it has ended, and its
// commands don't know where it was.
func TestLibraries(t *testing.T) {
	temp := t.TempDir()
	for _, name := range []string{"TMPDIR", "TEMP", "TMP"} {
		t.Setenv(name, temp)
	}
	b := newBench(t)
	dir := t.TempDir()
	gitInit(t, dir)
	rec := drivertest.NewRecorder(0)
	s, err := b.driver.Start(t.Context(), drivers.Config{Directory: dir}, rec)
	if err != nil {
		t.Fatal(err)
	}
	end := sync.OnceFunc(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Cleanup(end)
	send := func(text string) (from int) {
		from = rec.Len()
		if err := s.Send(t.Context(), drivers.Message{Text: text}); err != nil {
			t.Fatal(err)
		}
		return from
	}
	rec.AwaitTurnEnd(t, send("SCENARIO:search"))
	from := send(modelserver.Prompt("bash", modelserver.Input{"command": `echo "libraries=<$BUN_TMPDIR>"`}))
	asked, _ := rec.AwaitType(t, from, universal.TypePermissionRequested)
	id := asked.Data.(*universal.PermissionData).PermissionID
	if err := s.ReplyPermission(t.Context(), id, drivers.PermissionReply{Decision: drivers.Once}); err != nil {
		t.Fatal(err)
	}
	rec.AwaitTurnEnd(t, from)
	if !b.Heard("libraries=<>") {
		t.Error("a command knows where the server unpacks its libraries")
	}

	unpacked, err := filepath.Glob(filepath.Join(temp, scratchPrefix+"*", librariesDir, "*"))
	if err != nil || len(unpacked) == 0 {
		t.Errorf("nothing was unpacked: %v (%v)", filesIn(t, temp), err)
	}
	end()
	if left := filesIn(t, temp); len(left) != 0 {
		t.Errorf("files are left behind: %v", left)
	}
}

// A user who says where libraries go is obeyed.
func TestLibrariesOfUser(t *testing.T) {
	l, err := testDriver(t, librariesVariable+"=/elsewhere").planLaunch(&drivers.Config{})
	if err != nil {
		t.Fatal(err)
	}
	spec, private, err := l.spec()
	if err != nil {
		t.Fatal(err)
	}
	defer private.Remove()
	if got := environ.Get(spec.Env, librariesVariable); got != "/elsewhere" {
		t.Errorf("the libraries go to %q", got)
	}
}

// filesIn lists the files below a directory.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
