package claude

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// recorder is a sink that keeps everything, and plays the part of the receiver
// as far as the grammar of streams needs one.
type recorder struct {
	mu         sync.Mutex
	changed    chan struct{} // closed and replaced when something came
	events     []universal.Event
	background []int
	exits      []drivers.Exit
}

func newRecorder() *recorder { return &recorder{changed: make(chan struct{})} }

func (r *recorder) notify() {
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *recorder) Emit(events []universal.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ev := range events {
		ev.Raw = bytes.Clone(ev.Raw)
		r.events = append(r.events, ev)
	}
	r.notify()
}

func (r *recorder) Background(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.background = append(r.background, n)
	r.notify()
}

func (r *recorder) Exit(exit drivers.Exit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exits = append(r.exits, exit)
	r.notify()
}

// sent notes a message as the receiver does: it opens a turn.
func (r *recorder) sent() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, universal.Event{Type: universal.TypeTurnStarted, Data: &universal.TurnStartedData{
		Phase: universal.PhaseStarted, Origin: universal.OriginUser,
	}})
}

// resolved notes the answer to a request, at once behind the request: the
// agent's reaction may have come already.
func (r *recorder) resolved(typ universal.EventType, data universal.Data) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.events) - 1; i >= 0; i-- {
		if requestID(r.events[i].Data) == requestID(data) {
			r.events = slices.Insert(r.events, i+1, universal.Event{Type: typ, Data: data})
			return
		}
	}
}

func requestID(data universal.Data) string {
	switch d := data.(type) {
	case *universal.PermissionData:
		return d.PermissionID
	case *universal.QuestionData:
		return d.QuestionID
	}
	return ""
}

func (r *recorder) snapshot() []universal.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]universal.Event(nil), r.events...)
}

// safetyNet only ends a test that hangs.
const safetyNet = 3 * time.Minute

// wait returns when the condition holds.
func (r *recorder) wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(safetyNet)
	defer deadline.Stop()
	for {
		r.mu.Lock()
		ok, changed := holds(), r.changed
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			t.Fatalf("%s did not come; events:\n%s", what, describe(r.snapshot()))
		}
	}
}

// event waits for the nth event that matches, counted from 1.
func event[D universal.Data](t *testing.T, r *recorder, nth int, match func(universal.EventType, D) bool) D {
	t.Helper()
	var found D
	r.wait(t, fmt.Sprintf("event %d of type %T", nth, found), func() bool {
		n := 0
		for _, ev := range r.events {
			if d, ok := ev.Data.(D); ok && (match == nil || match(ev.Type, d)) {
				if n++; n == nth {
					found = d
					return true
				}
			}
		}
		return false
	})
	return found
}

func (r *recorder) turnEnded(t *testing.T, nth int) *universal.TurnEndedData {
	t.Helper()
	return event[*universal.TurnEndedData](t, r, nth, nil)
}

// describe makes a short text of events for failure messages and comparisons.
func describe(events []universal.Event) string {
	var b strings.Builder
	for _, ev := range events {
		data, err := json.Marshal(ev.Data)
		if err != nil {
			data = []byte(err.Error())
		}
		if len(data) > 600 {
			data = append(data[:600:600], "..."...)
		}
		synthetic := ""
		if ev.Synthetic {
			synthetic = " (synthetic)"
		}
		fmt.Fprintf(&b, "%s%s %s\n", ev.Type, synthetic, data)
	}
	return b.String()
}

// checkGrammar makes the stream that a receiver would, and checks it.
func checkGrammar(t *testing.T, events []universal.Event) {
	t.Helper()
	var stream []universal.Event
	turn, turns := "", 0
	started, answered := map[string]bool{}, map[string]bool{}
	add := func(typ universal.EventType, data universal.Data) {
		n := uint64(len(stream) + 1)
		ev := universal.Event{
			EventID: fmt.Sprintf("evt_%d", n), Sequence: n, SessionID: "s", Source: universal.SourceAgent,
			TurnID: universal.NullString(turn), Type: typ, Data: data,
		}
		// A sub-agent whose call has its result runs in the background: what
		// it does belongs to no turn.
		if d, ok := data.(*universal.ItemData); ok && answered[string(d.Item.ParentID)] {
			ev.TurnID = ""
		}
		stream = append(stream, ev)
	}
	add(universal.TypeSessionStarted, &universal.SessionStartedData{})
	for _, ev := range events {
		switch d := ev.Data.(type) {
		case *universal.TurnStartedData:
			turns++
			turn = fmt.Sprintf("turn_%d", turns)
			copied := *d
			copied.TurnID = turn
			add(ev.Type, &copied)
			continue
		case *universal.TurnEndedData:
			copied := *d
			copied.TurnID = turn
			add(ev.Type, &copied)
			turn = ""
			continue
		case *universal.ItemData:
			id := d.Item.ItemID
			if ev.Type == universal.TypeItemCompleted && !started[id] {
				begun := d.Item
				begun.Status = universal.StatusInProgress
				add(universal.TypeItemStarted, &universal.ItemData{Item: begun})
				if text := d.Item.Text(); text != "" && d.Item.Kind == universal.KindMessage {
					add(universal.TypeItemDelta, &universal.ItemDeltaData{ItemID: id, Delta: text})
				}
			}
			started[id] = true
			for _, p := range d.Item.Content {
				if result, ok := p.(*universal.ToolResultPart); ok {
					answered[result.CallID] = true
				}
			}
		}
		add(ev.Type, ev.Data)
	}
	for _, v := range universal.CheckStream(stream) {
		t.Errorf("the stream breaks the grammar: %s", v)
	}
	if t.Failed() {
		t.Logf("events:\n%s", describe(events))
	}
}
