package httpbridge_test

import (
	"bytes"
	"net/url"
	"os"
	"testing"
)

// The kernel's own files have another size than they tell; they are served to
// their end all the same, small ones and those of many pieces.
func TestKernelsFiles(t *testing.T) {
	l := newLab(t, nil)
	for name, least := range map[string]int{"/proc/version": 1, "/proc/kallsyms": 100 << 10, "/sys/kernel/mm/transparent_hugepage/enabled": 1} {
		want, err := os.ReadFile(name)
		if err != nil || len(want) < least {
			t.Logf("this system has not enough in %s: %d bytes, %v", name, len(want), err)
			continue
		}
		path := "/v1/fs/file?path=" + url.QueryEscape(name)
		if got := l.ask(request{verb: "GET", path: path}); got.status != 200 || !bytes.Equal(got.body, want) {
			t.Errorf("%s: %d, %d bytes, want %d", name, got.status, len(got.body), len(want))
		}
		if head := l.ask(request{verb: "HEAD", path: path}); head.status != 200 || len(head.body) > 0 {
			t.Errorf("HEAD %s: %d, %d bytes", name, head.status, len(head.body))
		}
	}
}
