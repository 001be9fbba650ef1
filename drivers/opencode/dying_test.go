package opencode

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// dying is a server that is killed when it is asked something: the connection
// breaks first, and its end is seen after that.
type dying struct {
	lines chan string
	asks  sync.Once
	asked chan struct{} // closed when it was asked
	stops sync.Once
	ended chan struct{}
}

func (d *dying) Write([]byte) error {
	d.asks.Do(func() {
		d.lines <- `{"id":1,"error":"EOF"}`
		close(d.asked)
	})
	return nil
}

func (d *dying) ReadLine() ([]byte, bool, error) {
	select {
	case line := <-d.lines:
		return []byte(line), false, nil
	default:
	}
	select {
	case line := <-d.lines:
		return []byte(line), false, nil
	case <-d.asked:
		return nil, false, io.EOF
	}
}

func (d *dying) Checkpoint() process.Checkpoint { return process.Checkpoint{} }
func (d *dying) KillMarked(context.Context, string, process.Checkpoint) (int, error) {
	return 0, nil
}
func (d *dying) Stop(context.Context, func(context.Context) error) error {
	d.stops.Do(func() { close(d.ended) })
	return nil
}
func (d *dying) Done() <-chan struct{} { return d.ended }
func (d *dying) Exit() process.Exit    { return process.Exit{Signal: "killed"} }

// A start during which the server dies says so, and not what became of the
// connection.
func TestServerDiesInStart(t *testing.T) {
	program := filepath.Join(t.TempDir(), "opencode")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	d := New(Options{
		Locate:  func() (string, error) { return program, nil },
		Environ: func() []string { return nil },
		Getenv:  func(string) string { return "" },
		Launch: func(context.Context, process.Spec) (Transport, error) {
			agent := &dying{lines: make(chan string, 2), asked: make(chan struct{}), ended: make(chan struct{})}
			agent.lines <- `{"stream":"up"}`
			return agent, nil
		},
	})
	cfg := drivers.Config{Directory: t.TempDir()}
	plan, err := d.planLaunch(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	lease, err := d.acquire(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.startSession(t.Context(), lease, &cfg, drivertest.NewRecorder(0)); universal.KindOf(err) != universal.KindAgentProcessExited {
		t.Errorf("the start gives %v", err)
	}
	if err := lease.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// What becomes of a request when the server ends tells whether the server can
// have got it.
func TestOutcomeOfAnEnd(t *testing.T) {
	srv := &server{transport: &dying{}, done: make(chan struct{})}
	close(srv.done)
	for name, test := range map[string]struct {
		answer answered
		ok     bool
		unread bool
	}{
		"no answer":           {answered{}, false, false},
		"a broken connection": {answered{err: "EOF"}, true, false},
		"nobody listens":      {answered{err: "connection refused", unsent: true}, true, true},
	} {
		_, err := srv.outcome(t.Context(), test.answer, test.ok)
		if universal.KindOf(err) != universal.KindAgentProcessExited || errors.Is(err, drivers.ErrNotTaken) != test.unread {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := srv.outcome(t.Context(), answered{status: 204}, true); err != nil {
		t.Errorf("an answer before the end: %v", err)
	}
}
