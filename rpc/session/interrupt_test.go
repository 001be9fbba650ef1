package session_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// lingering is the mock, whose interrupts end a turn at once and go on, killing
// its commands, until goOn is closed.
type lingering struct {
	*mock.Driver
	goOn chan struct{}

	mu  sync.Mutex
	got []string // messages
}

func (d *lingering) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	s, err := d.Driver.Start(ctx, cfg, sink)
	return lingeringSession{s, d}, err
}

func (d *lingering) messages() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.got)
}

type lingeringSession struct {
	drivers.Session
	driver *lingering
}

func (s lingeringSession) Send(ctx context.Context, msg drivers.Message) error {
	s.driver.mu.Lock()
	s.driver.got = append(s.driver.got, msg.Text)
	s.driver.mu.Unlock()
	return s.Session.Send(ctx, msg)
}

func (s lingeringSession) Interrupt(ctx context.Context) error {
	err := s.Session.Interrupt(ctx)
	<-s.driver.goOn
	return errors.Join(err, s.Session.Interrupt(ctx))
}

// An interrupt is over before the agent gets the next message: it would hit the
// turn of that one.
func TestInterruptSparesTheNextTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &lingering{Driver: mock.New(mock.Options{}), goOn: make(chan struct{})}
		k := newTalk(t, newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{d}}), session.CreateOptions{})
		first := k.send("wait")
		synctest.Wait() // the agent has it
		next := k.send("wait 1")
		if err := k.Interrupt(t.Context(), session.InterruptOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := k.untilEnd(first.TurnID).StopReason; got != universal.StopInterrupted {
			t.Errorf("the first turn ends with %s", got)
		}
		synctest.Wait()
		if got := d.messages(); !slices.Equal(got, []string{"wait"}) {
			t.Errorf("during the interrupt the agent has got %q", got)
		}
		close(d.goOn)
		if got := k.untilEnd(next.TurnID).StopReason; got != universal.StopEndTurn {
			t.Errorf("the next turn ends with %s", got)
		}
		k.end()
	})
}

// A message whose turn is interrupted while it still waits for the interrupt
// before it, is not handed over any more, and nobody waits for the slow one.
func TestInterruptBeforeTheHandover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &lingering{Driver: mock.New(mock.Options{}), goOn: make(chan struct{})}
		k := newTalk(t, newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{d}}), session.CreateOptions{})
		first := k.send("wait")
		synctest.Wait() // the agent has it
		never := k.send("echo never")
		for _, id := range []string{first.TurnID, never.TurnID} {
			if err := k.Interrupt(t.Context(), session.InterruptOptions{TurnID: id}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if got := k.untilEnd(never.TurnID).StopReason; got != universal.StopInterrupted {
			t.Errorf("the turn that had not begun to run ends with %s", got)
		}
		close(d.goOn) // only now the agent has done the first interrupt
		if got := k.ask("echo next"); got != "next" {
			t.Errorf("the next turn says %q", got)
		}
		if got := d.messages(); !slices.Equal(got, []string{"wait", "echo next"}) {
			t.Errorf("the agent has got %q", got)
		}
		k.end()
	})
}
