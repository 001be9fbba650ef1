package opencode

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// A version that nobody has tried is a warning, one that is too old an error
// before anything is started.
func TestCheckVersion(t *testing.T) {
	if v := install.OpenCode().Version; v != knownVersion {
		t.Errorf("%s is installed, %s is known", v, knownVersion)
	}
	for _, tt := range []struct {
		version string
		warns   bool
		want    universal.ErrorKind
	}{
		{knownVersion, false, ""},
		{"1.18.99", false, ""},
		{"1.19.0", true, ""},
		{"2.0.0", true, ""},
		{oldestVersion, true, ""},
		{"1.1.6", false, universal.KindNotSupported},
		{"0.15.31", false, universal.KindNotSupported},
		{"local", true, ""},
	} {
		var log bytes.Buffer
		d := testDriver(t)
		d.opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
		d.opts.Version = func(context.Context, string) (string, error) { return tt.version, nil }
		err := d.Check(t.Context(), &drivers.Config{Directory: t.TempDir()})
		if tt.want == "" && err != nil || tt.want != "" && universal.KindOf(err) != tt.want {
			t.Errorf("%s: error %v, want %s", tt.version, err, tt.want)
		}
		if warns := log.Len() > 0; warns != tt.warns {
			t.Errorf("%s: the log says %q", tt.version, log.String())
		}
		if p := d.Probe(t.Context()); (p.Problem != "") != (tt.want != "") {
			t.Errorf("%s: the problem is %q", tt.version, p.Problem)
		}
	}
}

// A server that ends because of the user's own files says so without colours,
// and what to do.
func TestExitError(t *testing.T) {
	for _, tt := range []struct {
		stderr, detail string
		want           universal.ErrorKind
	}{
		{"\x1b[91m\x1b[1mError: \x1b[0mConfig file at /home/me/opencode.json is not valid JSON(C): \n--- more",
			"invalid request: the configuration of OpenCode is broken: Config file at /home/me/opencode.json is not valid JSON(C); correct it", universal.KindInvalidRequest},
		{"\x1b[91mError: \x1b[0mno memory\nmore", "agent process exited: opencode: Error: no memory", universal.KindAgentProcessExited},
	} {
		code := 1
		err := exitError(process.Exit{Code: &code, Stderr: process.Stderr{Head: tt.stderr}}, errServerGone)
		if err.Error() != tt.detail || universal.KindOf(err) != tt.want {
			t.Errorf("%q gives %v", tt.stderr, err)
		}
	}
}
