package install

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// A download onto a full disk is not tried again, and says what to do.
func TestDownloadOntoAFullDisk(t *testing.T) {
	b := newBench(t)
	r, err := newRegistry(t.Context(), b.environ, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg := Package{Name: testPackage, Version: "1.0.0"}
	from, err := r.find(t.Context(), pkg)
	if err != nil {
		t.Fatal(err)
	}
	b.downloads()
	err = r.download(t.Context(), pkg, from, "/dev/full", func(int64, int64) {})
	if !errors.Is(err, unix.ENOSPC) || b.downloads() != 1 {
		t.Fatalf("error %v, want that of a full disk at the first try", err)
	}
	var e *universal.Error
	if !errors.As(failed(t.Context(), testAgent, explainDisk(err)), &e) || e.Details["reason"] != "disk_full" || !strings.Contains(e.Details["message"].(string), DataDirVariable) {
		t.Errorf("error %+v", e)
	}
}
