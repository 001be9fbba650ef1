package diff

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNamed(t *testing.T) {
	const patch = "*** Begin Patch\n*** Add File: a b.txt\n+*** Add File: no.txt\n*** Update File: c.txt\n*** Move to: d.txt\n@@\n-x\n+y\n*** Delete File: e.txt\n*** End Patch"
	for text, want := range map[string][]string{patch: {"a b.txt", "c.txt", "d.txt", "e.txt"}, "": nil, "no patch": nil} {
		if diff := cmp.Diff(want, Named(text)); diff != "" {
			t.Errorf("files of %.20q (-want +got):\n%s", text, diff)
		}
	}
}
