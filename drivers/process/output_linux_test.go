package process

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestOutput(t *testing.T) {
	s := newSupervisor(t)
	for name, tt := range map[string]struct {
		script string
		want   string
		says   string // the error; "" for none
	}{
		"answer":            {script: "echo one; echo two", want: "one\ntwo\n"},
		"no end of line":    {script: "printf one", want: "one\n"},
		"refusal":           {script: "echo '{}'; echo no good >&2; echo more >&2; exit 3", want: "{}\n", says: "exit status 3: no good"},
		"signal":            {script: "kill -9 $$", says: "signal SIGKILL"},
		"a daemon is left":  {script: "setsid sleep 300 & echo started", want: "started\n"},
		"more than is kept": {script: "echo one; head -c 100000 /dev/zero; echo; echo two", want: "one\ntwo\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Output(t.Context(), s.Start, Spec{Path: "/bin/sh", Args: []string{"-c", tt.script}, Env: shellEnv()})
			if string(got) != tt.want {
				t.Errorf("output %q, want %q", got, tt.want)
			}
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want %q", err, tt.says)
			}
			wantMarked(t, s.Mark())
		})
	}
}

func TestOutputGivenUp(t *testing.T) {
	s := newSupervisor(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("nobody waits")
	start := func(ctx context.Context, spec Spec) (*Process, error) {
		p, err := s.Start(ctx, spec)
		cancel(gone)
		return p, err
	}
	_, err := Output(ctx, start, Spec{Path: "/bin/sh", Args: []string{"-c", "sleep 300"}, Env: shellEnv()})
	if !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
	wantMarked(t, s.Mark())
	if _, err := Output(t.Context(), s.Start, Spec{Path: "/nowhere/program"}); err == nil {
		t.Error("no error for a program that isn't there")
	}
}
