package drivertest

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// DefaultTimeout is how long a Recorder waits for something before the test
// fails. It only ends a test that hangs: a real agent on a busy machine may take
// most of a minute for one turn.
const DefaultTimeout = 3 * time.Minute

// Recorder is a [drivers.Sink] that keeps everything. Make one with
// [NewRecorder]. It is safe for concurrent use.
type Recorder struct {
	timeout time.Duration
	busy    atomic.Bool // a call of the sink is under way

	mu         sync.Mutex
	events     []universal.Event
	background []int
	exits      []drivers.Exit
	breaches   []string
	news       chan struct{} // closed and replaced at every call
}

// NewRecorder returns an empty Recorder that waits for the given time at
// most; 0 means [DefaultTimeout].
func NewRecorder(timeout time.Duration) *Recorder {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	return &Recorder{timeout: timeout, news: make(chan struct{})}
}

// Emit implements [drivers.Sink].
func (r *Recorder) Emit(events []universal.Event) {
	r.record("Emit", func() {
		for _, ev := range events {
			ev.Raw = bytes.Clone(ev.Raw) // the driver may use its bytes again
			r.events = append(r.events, ev)
		}
	})
}

// Background implements [drivers.Sink].
func (r *Recorder) Background(n int) {
	r.record("Background", func() { r.background = append(r.background, n) })
}

// Exit implements [drivers.Sink].
func (r *Recorder) Exit(exit drivers.Exit) {
	r.record("Exit", func() { r.exits = append(r.exits, exit) })
}

func (r *Recorder) record(call string, keep func()) {
	if !r.busy.CompareAndSwap(false, true) {
		r.breach("%s is called while another call of the sink is under way", call)
	} else {
		defer r.busy.Store(false)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.exits) > 0 {
		r.breaches = append(r.breaches, call+" is called after Exit")
	}
	keep()
	close(r.news)
	r.news = make(chan struct{})
}

func (r *Recorder) breach(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.breaches = append(r.breaches, fmt.Sprintf(format, args...))
}

// Len is the number of events so far: the place to wait from for what comes
// next.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.events)
}

// Events returns the events from a place on.
func (r *Recorder) Events(from int) []universal.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events[from:])
}

// Exits returns how the agent ended; a correct driver tells it once.
func (r *Recorder) Exits() []drivers.Exit {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.exits)
}

// Violations returns every breach of the rules so far: wrong use of the sink
// and whatever [Violations] finds in the events.
func (r *Recorder) Violations() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(slices.Clone(r.breaches), Violations(r.events)...)
}

// Await waits for the first event from a place on that matches, and returns
// it with the place after it. The test fails when none comes in time; what
// says what was waited for.
func (r *Recorder) Await(t testing.TB, from int, what string, match func(*universal.Event) bool) (universal.Event, int) {
	t.Helper()
	var found universal.Event
	next := from
	r.await(t, what, func() bool {
		for ; next < len(r.events); next++ {
			if match(&r.events[next]) {
				found = r.events[next]
				next++
				return true
			}
		}
		return false
	})
	return found, next
}

// AwaitType waits for an event of a type.
func (r *Recorder) AwaitType(t testing.TB, from int, want universal.EventType) (universal.Event, int) {
	t.Helper()
	return r.Await(t, from, string(want), func(ev *universal.Event) bool { return ev.Type == want })
}

// AwaitTurnEnd waits for the next turn.ended and returns everything from the
// place up to and with it, and why it ended.
func (r *Recorder) AwaitTurnEnd(t testing.TB, from int) ([]universal.Event, *universal.TurnEndedData) {
	t.Helper()
	ev, next := r.AwaitType(t, from, universal.TypeTurnEnded)
	ended, ok := ev.Data.(*universal.TurnEndedData)
	if !ok {
		t.Fatalf("turn.ended has data of Go type %T", ev.Data)
	}
	return r.Events(from)[:next-from], ended
}

// AwaitBackground waits until so many background tasks were told.
func (r *Recorder) AwaitBackground(t testing.TB, n int) {
	t.Helper()
	r.await(t, fmt.Sprintf("Background(%d)", n), func() bool { return slices.Contains(r.background, n) })
}

// AwaitExit waits until the agent is gone.
func (r *Recorder) AwaitExit(t testing.TB) drivers.Exit {
	t.Helper()
	r.await(t, "Exit", func() bool { return len(r.exits) > 0 })
	return r.Exits()[0]
}

// await waits until done, which is called with the lock held, at every news.
func (r *Recorder) await(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(r.timeout)
	defer deadline.Stop()
	for {
		r.mu.Lock()
		ok, news := done(), r.news
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-news:
		case <-deadline.C:
			t.Fatalf("waited %v in vain for %s; recorded:\n%s", r.timeout, what, Skeleton(r.Events(0)))
		}
	}
}
