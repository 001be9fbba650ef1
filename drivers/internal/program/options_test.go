package program

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// printed is a process that has printed a line and ended.
type printed struct{ lines []string }

func (p *printed) ReadLine() (line []byte, more bool, err error) {
	if len(p.lines) == 0 {
		return nil, false, io.EOF
	}
	line = []byte(p.lines[0])
	p.lines = p.lines[1:]
	return line, false, nil
}

func (*printed) Stop(context.Context, func(context.Context) error) error { return nil }
func (*printed) Exit() process.Exit                                      { return process.Exit{} }

// The program is asked for its version in the environment of its agent, and once
// for each state of its file.
func TestVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent")
	var started []process.Spec
	opts := Options[process.Printing]{
		Locate:  func() (string, error) { return path, nil },
		Environ: func() []string { return []string{"A=inherited"} },
	}.WithDefaults(Own[process.Printing]{
		Program:     install.Codex(),
		VersionWord: 1,
		Environment: func(inherited []string, session map[string]string) []string {
			if session != nil {
				t.Errorf("a session's environment: %v", session)
			}
			return append(inherited, "B=own")
		},
		Start: func(_ context.Context, _ *process.Supervisor, spec process.Spec) (process.Printing, error) {
			started = append(started, spec)
			return &printed{[]string{"agent 1.2.3"}}, nil
		},
	})
	for n, content := range []string{"one", "another"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if v, err := opts.Version(t.Context(), path); v != "1.2.3" || err != nil {
				t.Errorf("version %q, %v", v, err)
			}
		}
		if len(started) != n+1 {
			t.Errorf("asked %d times for %d states of the file", len(started), n+1)
		}
	}
	for _, spec := range started {
		if spec.Path != path || !slices.Equal(spec.Args, []string{"--version"}) || strings.Join(spec.Env, " ") != "A=inherited B=own" {
			t.Errorf("started %+v", spec)
		}
	}
}

// What could not be started is nothing, also where a driver's function hands on
// the nil of a type of its own.
func TestLaunchThatFails(t *testing.T) {
	refused := errors.New("no such program")
	opts := Options[process.Printing]{}.WithDefaults(Own[process.Printing]{
		Start: func(context.Context, *process.Supervisor, process.Spec) (process.Printing, error) {
			return (*printed)(nil), refused
		},
	})
	if p, err := opts.Launch(t.Context(), process.Spec{}); p != nil || !errors.Is(err, refused) {
		t.Errorf("%v, %v", p, err)
	}
}
