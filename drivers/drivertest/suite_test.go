package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// flawEnv names the flaw with which the test binary runs the suite.
const flawEnv = "DRIVERTEST_FLAW"

// flaw is a driver gone wrong in one way, and the case that must find it.
type flaw struct {
	name, caughtBy string
	driver         func(drivers.Driver) drivers.Driver
}

func flaws() []flaw {
	events := func(change func(universal.Event) []universal.Event) func(drivers.Driver) drivers.Driver {
		return func(d drivers.Driver) drivers.Driver {
			return flawed{Driver: d, wrapSink: func(s drivers.Sink) drivers.Sink { return changedSink{s, change} }}
		}
	}
	session := func(wrap func(drivers.Session) drivers.Session) func(drivers.Driver) drivers.Driver {
		return func(d drivers.Driver) drivers.Driver { return flawed{Driver: d, wrapSession: wrap} }
	}
	drop := func(t universal.EventType) func(drivers.Driver) drivers.Driver {
		return events(func(ev universal.Event) []universal.Event {
			if ev.Type == t {
				return nil
			}
			return []universal.Event{ev}
		})
	}
	return []flaw{
		{"no turn.ended", "text", drop(universal.TypeTurnEnded)},
		{"no plan", "claims", drop(universal.TypePlanUpdated)},
		{"completes twice", "text", events(func(ev universal.Event) []universal.Event {
			if ev.Type == universal.TypeItemCompleted {
				return []universal.Event{ev, ev}
			}
			return []universal.Event{ev}
		})},
		{"loses deltas", "claims", events(func(ev universal.Event) []universal.Event {
			if d, ok := ev.Data.(*universal.ItemDeltaData); ok && strings.HasPrefix(d.Delta, "ong text") {
				return nil
			}
			return []universal.Event{ev}
		})},
		{"ends interrupted turns well", "interrupt", events(func(ev universal.Event) []universal.Event {
			if d, ok := ev.Data.(*universal.TurnEndedData); ok {
				d.StopReason = universal.StopEndTurn
			}
			return []universal.Event{ev}
		})},
		{"has tools that never work", "claims", events(func(ev universal.Event) []universal.Event {
			if d, ok := ev.Data.(*universal.ItemData); ok && d.Item.Kind == universal.KindToolResult {
				d.Item.Status = universal.StatusFailed
			}
			return []universal.Event{ev}
		})},
		{"no exit", "close", func(d drivers.Driver) drivers.Driver {
			return flawed{Driver: d, wrapSink: func(s drivers.Sink) drivers.Sink { return noExit{s} }}
		}},
		{"two exits", "close", func(d drivers.Driver) drivers.Driver {
			return flawed{Driver: d, wrapSink: func(s drivers.Sink) drivers.Sink { return twoExits{s} }}
		}},
		{"takes any mode", "check-modes", func(d drivers.Driver) drivers.Driver { return anyMode{d} }},
		{"starts without a context", "start-cancelled", func(d drivers.Driver) drivers.Driver { return noContext{d} }},
		{"forgets", "resume", func(d drivers.Driver) drivers.Driver { return forgetful{d} }},
		{"denies what it does", "claims", func(d drivers.Driver) drivers.Driver { return modest{d} }},
		{"changes its mind", "info", func(d drivers.Driver) drivers.Driver { return &fickle{Driver: d} }},
		{"keeps refusals to itself", "permission-reject", session(func(s drivers.Session) drivers.Session { return mute{s} })},
		{"takes unknown ids", "unknown-ids", session(func(s drivers.Session) drivers.Session { return credulous{s} })},
		{"does not close", "close-mid-turn", session(func(s drivers.Session) drivers.Session { return unclosed{s} })},
		{"leaks", "info", func(d drivers.Driver) drivers.Driver {
			go func() { time.Sleep(time.Minute) }() // outlives the case that finds it
			return d
		}},
	}
}

// TestSuiteFindsFlaws runs the suite in a process of its own for each flaw,
// since there it has to fail.
func TestSuiteFindsFlaws(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range flaws() {
		t.Run(f.name, func(t *testing.T) {
			run := exec.CommandContext(t.Context(), binary, "-test.run=^TestFlawedDriver$/^"+f.caughtBy+"$", "-test.v")
			run.Env = append(os.Environ(), flawEnv+"="+f.name)
			out, err := run.CombinedOutput()
			var failed *exec.ExitError
			if !errors.As(err, &failed) {
				t.Fatalf("the suite does not find it (%v):\n%s", err, out)
			}
			for _, want := range []string{"--- FAIL: TestFlawedDriver/" + f.caughtBy, "the rule: "} {
				if !strings.Contains(string(out), want) {
					t.Errorf("the output lacks %q:\n%s", want, out)
				}
			}
		})
	}
}

// TestFlawedDriver is the other process; without a flaw it checks the mock.
func TestFlawedDriver(t *testing.T) {
	name := os.Getenv(flawEnv)
	wrap := func(d drivers.Driver) drivers.Driver { return d }
	for _, f := range flaws() {
		if f.name == name {
			wrap = f.driver
		}
	}
	s := mockSubject(wrap)
	if name != "" {
		s.Timeout = 300 * time.Millisecond // what is waited for never comes
	}
	drivertest.Run(t, s)
}

// mockSubject is the mock, wrapped.
func mockSubject(wrap func(drivers.Driver) drivers.Driver) drivertest.Subject {
	var sessions atomic.Int64
	return drivertest.Subject{
		New: func(testing.TB) drivers.Driver { return wrap(mock.New(mock.Options{})) },
		Config: func(t testing.TB) drivers.Config {
			return drivers.Config{SessionID: fmt.Sprint("s", sessions.Add(1)), Directory: t.TempDir()}
		},
		Prompts: drivertest.Prompts{
			Text: "markdown", Permission: "gate ls", Question: "ask", Wait: "wait", Crash: "crash",
			Recall: "recall", Recalled: func(earlier int) string { return fmt.Sprint("messages seen: ", earlier+1) },
			Context: "context", SystemPrompt: "Rhyme.", Attachments: "attachments", AttachmentName: "a.txt",
			Steerable: "wait", SteerText: "go on",
			Tool: "tool", Command: "gate ls", FileChange: "edit a", MCP: "mcp", Reasoning: "reasoning", Status: "status",
			Error: "error", Usage: "usage", Cost: "usage", Plan: "plan", Subagent: "subagent", Background: "background",
			Compaction: "compact", Diff: "diff", Quota: "quota",
		},
	}
}

// flawed is a driver whose sinks and sessions are tampered with.
type flawed struct {
	drivers.Driver
	wrapSink    func(drivers.Sink) drivers.Sink
	wrapSession func(drivers.Session) drivers.Session
}

func (f flawed) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	if f.wrapSink != nil {
		sink = f.wrapSink(sink)
	}
	s, err := f.Driver.Start(ctx, cfg, sink)
	if err != nil || f.wrapSession == nil {
		return s, err
	}
	return f.wrapSession(s), nil
}

type changedSink struct {
	drivers.Sink
	change func(universal.Event) []universal.Event
}

func (s changedSink) Emit(events []universal.Event) {
	var out []universal.Event
	for _, ev := range slices.Clone(events) {
		out = append(out, s.change(ev)...)
	}
	s.Sink.Emit(out)
}

type noExit struct{ drivers.Sink }

func (noExit) Exit(drivers.Exit) {}

type twoExits struct{ drivers.Sink }

func (s twoExits) Exit(e drivers.Exit) { s.Sink.Exit(e); s.Sink.Exit(e) }

type anyMode struct{ drivers.Driver }

func (anyMode) Check(context.Context, *drivers.Config) error { return nil }

type noContext struct{ drivers.Driver }

func (d noContext) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	return d.Driver.Start(context.WithoutCancel(ctx), cfg, sink)
}

type forgetful struct{ drivers.Driver }

func (d forgetful) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	cfg.Resume = ""
	return d.Driver.Start(ctx, cfg, sink)
}

type modest struct{ drivers.Driver }

func (d modest) Info() drivers.Info {
	info := d.Driver.Info()
	info.Capabilities.ToolCalls = false
	return info
}

type fickle struct {
	drivers.Driver
	asked atomic.Int64
}

func (d *fickle) Info() drivers.Info {
	info := d.Driver.Info()
	info.Name = fmt.Sprint("Mock ", d.asked.Add(1))
	return info
}

type mute struct{ drivers.Session }

func (s mute) ReplyPermission(ctx context.Context, id string, reply drivers.PermissionReply) error {
	reply.Message = "no"
	return s.Session.ReplyPermission(ctx, id, reply)
}

type credulous struct{ drivers.Session }

func (s credulous) ReplyPermission(ctx context.Context, id string, reply drivers.PermissionReply) error {
	_ = s.Session.ReplyPermission(ctx, id, reply)
	return nil
}

type unclosed struct{ drivers.Session }

func (unclosed) Close(context.Context) error { return nil }
