package session_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// overheard is the mock; what it is sent and told is noticed on the way.
type overheard struct {
	*mock.Driver
	starts atomic.Int64
	begun  atomic.Int64 // messages that are to join

	mu      sync.Mutex
	steered []string
	hold    chan struct{} // if not nil, the first message that is to join waits for it
	// interrupting, if not nil, is told of each interrupt, which waits for
	// goOn.
	interrupting, goOn chan struct{}
}

func (d *overheard) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	d.starts.Add(1)
	s, err := d.Driver.Start(ctx, cfg, sink)
	return overheardSession{s, d}, err
}

type overheardSession struct {
	drivers.Session
	driver *overheard
}

func (s overheardSession) Send(ctx context.Context, msg drivers.Message) error {
	if msg.Steer {
		if s.driver.begun.Add(1) == 1 && s.driver.hold != nil {
			<-s.driver.hold
		}
		s.driver.mu.Lock()
		s.driver.steered = append(s.driver.steered, msg.Text)
		s.driver.mu.Unlock()
	}
	return s.Session.Send(ctx, msg)
}

func (s overheardSession) Interrupt(ctx context.Context) error {
	if s.driver.interrupting != nil {
		s.driver.interrupting <- struct{}{}
		<-s.driver.goOn
	}
	return s.Session.Interrupt(ctx)
}

// The agent gets messages that join a turn in the order in which they were
// accepted, which is the stream's.
func TestSteeringKeepsItsOrder(t *testing.T) {
	d := &overheard{Driver: mock.New(mock.Options{}), hold: make(chan struct{})}
	k := newTalk(t, newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{d}}), session.CreateOptions{})
	first := k.send("wait")
	k.until("the agent's work", func(ev *universal.Event) bool {
		item, ok := ev.Data.(*universal.ItemData)
		return ok && item.Item.Kind == universal.KindToolCall
	})
	var sent []string
	for i := range 50 {
		text := fmt.Sprint("message ", i)
		r, err := k.Send(session.MessageOptions{Message: text, OnBusy: session.BusySteer})
		if err != nil || r.TurnID != first.TurnID {
			t.Fatalf("steer %d: %+v, %v", i, r, err)
		}
		sent = append(sent, text)
	}
	close(d.hold) // the others had the time to overtake it
	k.until("the answer to the last", func(ev *universal.Event) bool {
		item, ok := ev.Data.(*universal.ItemData)
		return ok && ev.Type == universal.TypeItemCompleted && item.Item.Text() == "Steered: "+sent[len(sent)-1]
	})
	k.end()
	if !slices.Equal(d.steered, sent) {
		t.Errorf("the agent got %q", d.steered)
	}
}

// A message that would join a turn that is being interrupted is the next one.
func TestSteeringDuringAnInterrupt(t *testing.T) {
	d := &overheard{Driver: mock.New(mock.Options{}), interrupting: make(chan struct{}), goOn: make(chan struct{})}
	k := newTalk(t, newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{d}}), session.CreateOptions{})
	first := k.send("wait")
	k.until("the agent's work", func(ev *universal.Event) bool { // before that, it need not be told
		item, ok := ev.Data.(*universal.ItemData)
		return ok && item.Item.Kind == universal.KindToolCall
	})
	var asked sync.WaitGroup
	asked.Go(func() {
		if err := k.Interrupt(t.Context(), session.InterruptOptions{}); err != nil {
			t.Error(err)
		}
	})
	<-d.interrupting
	next, err := k.Send(session.MessageOptions{Message: "echo heard", OnBusy: session.BusySteer})
	if err != nil || next.TurnID == first.TurnID {
		t.Fatalf("steer: %+v, %v, want a turn of its own", next, err)
	}
	go func() { // the driver may be told twice
		for range d.interrupting {
		}
	}()
	close(d.goOn)
	asked.Wait()
	if got := k.untilEnd(next.TurnID).StopReason; got != universal.StopEndTurn {
		t.Errorf("the next turn ends with %s", got)
	}
	k.end()
	close(d.interrupting)
}

// A repeated message is answered like the first, whatever has become since of
// what was attached to it.
func TestSendIsIdempotentWithoutItsFile(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	file := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	opts := session.MessageOptions{Message: "echo once", ClientMessageID: "c1", Attachments: []session.Attachment{{Path: file}}}
	first, err := k.Send(opts)
	if err != nil {
		t.Fatal(err)
	}
	k.untilEnd(first.TurnID)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if again, err := k.Send(opts); err != nil || again != first {
		t.Errorf("second send: %+v, %v, want %+v", again, err, first)
	}
	k.end()
}

// A time that is longer than any is not a short one.
func TestIdleTimeoutWithoutEnd(t *testing.T) {
	d := &overheard{Driver: mock.New(mock.Options{})}
	k := newTalk(t, newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{d}}), session.CreateOptions{IdleTimeoutMS: 1<<63 - 1})
	for range 20 {
		k.ask("echo hello")
	}
	k.end()
	if n := d.starts.Load(); n != 1 {
		t.Errorf("the agent was started %d times", n)
	}
}

// absorbed is the mock, but messages don't get through to it.
type absorbed struct {
	*mock.Driver
	sending chan struct{} // told of each
}

func (d *absorbed) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	s, err := d.Driver.Start(ctx, cfg, sink)
	return absorbedSession{s, d}, err
}

type absorbedSession struct {
	drivers.Session
	driver *absorbed
}

func (s absorbedSession) Send(ctx context.Context, _ drivers.Message) error {
	s.driver.sending <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

// The end of a session while a message is on its way interrupts the turn and is
// no error of it.
func TestTerminateDuringSend(t *testing.T) {
	d := &absorbed{Driver: mock.New(mock.Options{}), sending: make(chan struct{})}
	k := newTalk(t, newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{d}}), session.CreateOptions{})
	k.send("hello")
	<-d.sending
	if err := k.Terminate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var stops []universal.StopReason
	for _, ev := range k.end() {
		switch d := ev.Data.(type) {
		case *universal.TurnEndedData:
			stops = append(stops, d.StopReason)
		case *universal.ErrorData:
			t.Errorf("the stream has the error %+v", d)
		}
	}
	if want := []universal.StopReason{universal.StopInterrupted}; !slices.Equal(stops, want) {
		t.Errorf("turns end with %v, want %v", stops, want)
	}
}
