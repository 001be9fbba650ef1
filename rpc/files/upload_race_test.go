package files_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whoever can write to the destination can't lead an upload out of it by
// putting a link in its way while it is unpacked.
func TestUploadAgainstSwappedLinks(t *testing.T) {
	const uploads = 100
	tr := tree(t, map[string]string{"outside/f0": "old", "outside/kept": "kept"})
	up := filepath.Join(tr.Base, "up")
	if err := os.MkdirAll(filepath.Join(up, "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	var entries []entry
	for i := range 20 {
		entries = append(entries, entry{name: fmt.Sprintf("dir/f%d", i), body: "new"})
	}
	packed := archive(t, entries...)

	over := make(chan struct{})
	var attacker sync.WaitGroup
	attacker.Go(func() { // ends with over
		dir, aside := filepath.Join(up, "dir"), filepath.Join(up, "aside")
		for {
			select {
			case <-over:
				return
			default:
			}
			if os.Rename(dir, aside) != nil {
				_ = os.RemoveAll(dir) // it was made again meanwhile
				_ = os.RemoveAll(aside)
				continue
			}
			_ = os.Symlink("../outside", dir)
			_ = os.Remove(dir)
			_ = os.RemoveAll(dir)
			_ = os.Rename(aside, dir)
		}
	})
	refused := 0
	for range uploads {
		if _, err := tr.Upload(t.Context(), "up", bytes.NewReader(packed)); err != nil {
			refused++
		}
	}
	close(over)
	attacker.Wait()
	t.Logf("%d of %d uploads failed", refused, uploads)
	if diff := cmp.Diff(map[string]string{"f0": "old", "kept": "kept"}, content(t, filepath.Join(tr.Base, "outside"))); diff != "" {
		t.Errorf("what lies outside has changed: %s", diff)
	}
}
