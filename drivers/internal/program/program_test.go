package program

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestProbe(t *testing.T) {
	missing := universal.Errorf(universal.KindAgentNotInstalled, "agent not installed: it").With("message", "install it")
	for name, tt := range map[string]struct {
		located, told error
		want          drivers.Probe
	}{
		"installed":    {nil, nil, drivers.Probe{Path: "/bin/it", Installed: true, Version: "1.2"}},
		"not there":    {missing, nil, drivers.Probe{Problem: "agent not installed: it: install it"}},
		"unreadable":   {errors.New("no access"), nil, drivers.Probe{Problem: "no access"}},
		"can't be run": {nil, errors.New("bad format"), drivers.Probe{Path: "/bin/it", Problem: "/bin/it can't be run: bad format"}},
	} {
		locate := func() (string, error) { return "/bin/it", tt.located }
		version := func(_ context.Context, path string) (string, error) {
			if path != "/bin/it" {
				t.Errorf("%s: %s is asked for its version", name, path)
			}
			if tt.told != nil {
				return "", tt.told
			}
			return "1.2", nil
		}
		if diff := cmp.Diff(tt.want, Probe(t.Context(), locate, version)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestNotStarted(t *testing.T) {
	cause := errors.New("no such file")
	if err := NotStarted(t.Context(), "it", cause); err.Kind != universal.KindAgentProcessExited || !errors.Is(err, cause) || err.Agent != "it" {
		t.Errorf("a failed start is %v of kind %s", err, err.Kind)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := NotStarted(ctx, "it", cause); err.Kind != universal.KindTimeout || !errors.Is(err, cause) {
		t.Errorf("a start that was given up is %v of kind %s", err, err.Kind)
	}
}

func TestExit(t *testing.T) {
	code, broken := 3, errors.New("broken")
	got := Exit(process.Exit{
		Code: &code, Signal: "killed", Err: broken,
		Stderr: process.Stderr{Head: "head", Tail: "tail", Truncated: true, TotalLines: 100},
	})
	stderr := universal.Stderr{Head: "head", Tail: "tail", Truncated: true, TotalLines: 100}
	if got.Code != &code || got.Signal != "killed" || got.Err != broken || got.Stderr != stderr {
		t.Errorf("the exit is %+v", got)
	}
}
