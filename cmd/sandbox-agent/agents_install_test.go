package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers/install"
)

// What a person sees of an install, at a terminal and elsewhere.
func TestInstallProgress(t *testing.T) {
	steps := []install.Progress{
		{Step: install.Waiting},
		{Step: install.Downloading, Package: "p@1", Total: -1},
		{Step: install.Downloading, Package: "p@1", Done: 5_000_000, Total: -1},
		{Step: install.Downloading, Package: "p@1", Done: 21_000_000, Total: 42_000_000},
		{Step: install.Unpacking, Package: "p@1"},
		{Step: install.Over},
	}
	for _, tt := range []struct {
		name   string
		moving bool
		want   string
	}{
		{"lines", false, "amp: waiting for another process that installs it\namp: downloading p@1\namp: unpacking p@1\n"},
		{"terminal", true, "\r\x1b[Kamp: waiting for another process that installs it" +
			"\r\x1b[Kamp: downloading p@1\r\x1b[Kamp: downloading p@1 5 MB\r\x1b[Kamp: downloading p@1 50% of 42 MB" +
			"\r\x1b[Kamp: unpacking p@1\r\x1b[K"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			p := &installProgress{w: &out, moving: tt.moving}
			for _, step := range steps {
				p.shown = time.Time{} // long ago
				p.report("amp", step)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
