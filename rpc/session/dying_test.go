package session_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// dying is the mock, which dies when it is handed a message, once: before it has
// the message, or with it.
type dying struct {
	*mock.Driver
	with bool
	left atomic.Int32 // deaths
}

func (d *dying) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	k := &dyingSink{Sink: sink}
	s, err := d.Driver.Start(ctx, cfg, k)
	return &dyingSession{s, d, k}, err
}

// dyingSink is told one end, that of the death or the mock's own.
type dyingSink struct {
	drivers.Sink
	once sync.Once
}

func (k *dyingSink) Exit(exit drivers.Exit) { k.once.Do(func() { k.Sink.Exit(exit) }) }

type dyingSession struct {
	drivers.Session
	d    *dying
	sink *dyingSink
}

func (s *dyingSession) Send(ctx context.Context, msg drivers.Message) error {
	if !strings.Contains(msg.Text, "echo") || s.d.left.Add(-1) < 0 {
		return s.Session.Send(ctx, msg)
	}
	died := make(chan struct{})
	go func() { // ends with the mock, before its session
		defer close(died)
		s.sink.Exit(drivers.Exit{Signal: "killed"})
		_ = s.Close(context.WithoutCancel(ctx)) // of the mock, which is not dead
	}()
	gone := universal.AgentProcessExited(mock.ID, nil, "")
	if s.d.with {
		<-died // what it does to the turn is not decided by who comes first
		return gone
	}
	return gone.Because(drivers.ErrNotTaken)
}

// A message that comes when its agent has just died, which nobody has seen yet,
// starts the agent again like any other.
func TestMessageAfterUnseenDeath(t *testing.T) {
	for name, test := range map[string]struct {
		with bool
		stop universal.StopReason
		seen string
	}{
		"before the message": {false, universal.StopEndTurn, "messages seen: 3"},
		"with the message":   {true, universal.StopError, "messages seen: 2"},
	} {
		t.Run(name, func(t *testing.T) {
			agent := &dying{Driver: mock.New(mock.Options{}), with: test.with}
			k := newTalk(t, newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{agent}}), session.CreateOptions{})
			k.ask("echo one")
			agent.left.Store(1)
			sent := k.send("echo two")
			crash := k.untilType(universal.TypeError).Data.(*universal.ErrorData)
			details, _ := crash.Details.(map[string]any)
			if crash.Category != universal.CategoryAgentCrash || details["signal"] != "killed" {
				t.Errorf("the death is told as %+v", crash)
			}
			if got := k.untilEnd(sent.TurnID).StopReason; got != test.stop {
				t.Errorf("the turn ends with %s, want %s", got, test.stop)
			}
			if got := k.ask("recall"); got != test.seen {
				t.Errorf("after that it recalls %q", got)
			}
			errors := 0
			for _, ev := range k.end() {
				if ev.Type == universal.TypeError {
					errors++
				}
			}
			if errors != 1 {
				t.Errorf("%d errors are told", errors)
			}
		})
	}
}

// A message that was to join a turn gets one of its own when its agent had died
// before it, but not when the agent died with it.
func TestSteeringAnAgentThatDies(t *testing.T) {
	for name, test := range map[string]struct {
		with bool
		seen string
	}{
		"before the message": {false, "messages seen: 3"},
		"with the message":   {true, "messages seen: 2"},
	} {
		t.Run(name, func(t *testing.T) {
			agent := &dying{Driver: mock.New(mock.Options{}), with: test.with}
			k := newTalk(t, newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{agent}}), session.CreateOptions{})
			first := k.send("wait")
			k.until("the wait", func(ev *universal.Event) bool {
				return ev.Type == universal.TypeItemStarted && !ev.Synthetic
			})
			agent.left.Store(1)
			if _, err := k.Send(session.MessageOptions{Message: "echo joins", OnBusy: session.BusySteer}); err != nil {
				t.Fatal(err)
			}
			if got := k.untilEnd(first.TurnID).StopReason; got != universal.StopError {
				t.Errorf("the turn ends with %s", got)
			}
			if !test.with {
				k.untilType(universal.TypeTurnEnded) // of the message
			}
			if got := k.ask("recall"); got != test.seen {
				t.Errorf("after that it recalls %q", got)
			}
			k.end()
		})
	}
}
