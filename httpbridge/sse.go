package httpbridge

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// lastEventID is what a reader that comes back has seen.
const lastEventID = "Last-Event-ID"

// stream serves a method whose answer is a stream of events.
func (b *bridge) stream(w http.ResponseWriter, r *http.Request, m rpc.Method) {
	if id := r.Header.Get(lastEventID); id != "" && r.Method == http.MethodGet {
		if _, err := strconv.ParseUint(id, 10, 64); err != nil {
			b.fail(w, r, universal.InvalidRequest("%s must be the id of an event, which is a number", lastEventID))
			return
		}
		r.URL.RawQuery = "offset=" + id + "&" + r.URL.RawQuery // the first one counts
	}
	params, err := b.params(w, r, m)
	if err != nil {
		b.fail(w, r, err)
		return
	}
	result, feed, err := b.Server.Open(r.Context(), m, params)
	if err != nil {
		b.fail(w, r, refused(r, err))
		return
	}
	if sent, ok := result.(rpc.SendStreamResult); ok {
		tellSent(w, sent.SendResult)
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no") // a proxy must not wait for more
	w.WriteHeader(http.StatusOK)
	events := newEventWriter(w, b.Heartbeat)
	defer events.close()
	defer b.metrics.streaming(r, events)()
	if err := events.Flush(); err != nil { // the client sees that it is in
		return
	}
	if _, err := feed(r.Context(), events); err != nil && r.Context().Err() == nil {
		b.Logger.Debug("http: a stream broke", "path", r.URL.Path, "error", err)
		return
	}
	_ = events.Flush()
}

// writeBytes is how much is gathered before it is written. Half as much costs a
// sixth of the speed to readers that are behind.
const writeBytes = 128 << 10

var heartbeat = []byte(": still here\n\n")

// eventWriter writes server-sent events. A writer that waits for its client
// waits alone: the log keeps what is not written yet.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	every   time.Duration
	beat    *time.Timer
	next    atomic.Uint64 // sequence number of the first event that isn't written yet; 0 before any came

	// The feed's own: heartbeats come between what it writes, not within.
	buf     []byte // whole events
	taken   uint64 // sequence number of the last of them
	opening opening

	mu     sync.Mutex // guards all below, and is held while writing to this client
	wrote  time.Time  // the last time
	closed bool
}

func newEventWriter(w http.ResponseWriter, every time.Duration) *eventWriter {
	e := &eventWriter{w: w, control: http.NewResponseController(w), every: every}
	e.beat = time.AfterFunc(math.MaxInt64, e.heartbeat) // it reads beat, so it begins after this
	e.beat.Reset(every)
	return e
}

// close ends the heartbeats; none is under way once it returns.
func (e *eventWriter) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	e.beat.Stop()
}

// heartbeat shows a client, and proxies on the way, that a silent stream lives.
func (e *eventWriter) heartbeat() {
	if !e.mu.TryLock() { // it is writing, or waiting for its client
		e.beat.Reset(e.every)
		return
	}
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	if time.Since(e.wrote) >= e.every {
		_ = e.send(heartbeat, true) // a broken connection ends the request's context
	}
	e.beat.Reset(e.every - time.Since(e.wrote))
}

// Event implements rpc.FeedWriter.
func (e *eventWriter) Event(sequence uint64, head, raw []byte) error {
	if e.taken == 0 {
		e.next.Store(sequence)
	}
	e.taken = sequence
	e.buf = append(e.buf, e.opening.of(sequence)...)
	e.buf = append(append(append(e.buf, head...), raw...), "}\n\n"...)
	return e.writeIfMuch()
}

// Changed implements rpc.FeedWriter.
func (e *eventWriter) Changed(info session.Info) error {
	text, err := json.Marshal(info)
	if err != nil {
		return err
	}
	e.buf = append(append(append(e.buf, "data: "...), text...), "\n\n"...)
	return e.writeIfMuch()
}

// Flush implements rpc.FeedWriter.
func (e *eventWriter) Flush() error { return e.write(true) }

func (e *eventWriter) writeIfMuch() error {
	if len(e.buf) < writeBytes {
		return nil
	}
	return e.write(false)
}

const (
	// maxKept is the largest buffer that is kept for the next events, and
	// smallBytes the largest where they are few.
	maxKept    = 2 * writeBytes
	smallBytes = 4 << 10
)

// write writes what was gathered.
func (e *eventWriter) write(flush bool) error {
	e.mu.Lock()
	err := e.send(e.buf, flush)
	e.mu.Unlock()
	if e.taken > 0 {
		e.next.Store(e.taken + 1)
	}
	little := len(e.buf) < cap(e.buf)/4
	if e.buf = e.buf[:0]; cap(e.buf) > maxKept || little && cap(e.buf) > smallBytes {
		e.buf = nil // the next wait may be long
	}
	return err
}

// send writes to the client. It is called with the lock held.
func (e *eventWriter) send(text []byte, flush bool) error {
	if len(text) > 0 {
		_, err := e.w.Write(text)
		e.wrote = time.Now()
		if err != nil {
			return err
		}
	}
	if !flush {
		return nil
	}
	return e.control.Flush()
}
