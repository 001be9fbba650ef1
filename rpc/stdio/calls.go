package stdio

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A call is one message that a handler works on.
type call struct {
	message
	num    uint64 // the id that jsonrpc2.Conn knows it by; 0 for a notification
	cancel context.CancelCauseFunc
	frame  []byte // the response, once there is one
}

// request is the call as handlers see it.
func (c *call) request() *Request {
	return &Request{ID: c.id.raw, Method: c.method, Params: c.params}
}

// size is what a call keeps in memory, roughly.
func (c *call) size() int { return len(c.id.raw) + len(c.method) + len(c.params) }

// calls is the table of the calls in flight: it bounds them, finds them by either
// id, and knows when there are none.
type calls struct {
	maxCount int
	maxBytes int
	patience time.Duration // how long admit waits for a place

	mu      sync.Mutex
	count   int
	bytes   int
	ending  bool // no calls any more
	lastNum uint64
	byKey   map[string]*call // requests that aren't answered yet
	byNum   map[uint64]*call

	// handlers counts the goroutines of calls. They may outlive their calls.
	// Nothing is added once ending is set, so that it can be waited for then.
	handlers sync.WaitGroup

	// stalled belongs to the one goroutine that calls admit: no place came free
	// while it waited, so the next calls don't wait.
	stalled bool
	freed   chan struct{} // holds a token when a place came free or ending was set
	idle    chan struct{} // holds a token when the last call went or ending was set
}

func newCalls(maxCount, maxBytes int, patience time.Duration) *calls {
	return &calls{
		maxCount: maxCount,
		maxBytes: maxBytes,
		patience: patience,
		byKey:    map[string]*call{},
		byNum:    map[uint64]*call{},
		freed:    make(chan struct{}, 1),
		idle:     make(chan struct{}, 1),
	}
}

// admit enters c into the table and waits for a place first. While it waits
// nothing is read, so that a client that sends faster than it is served is held
// back. The wait is bounded: a cancel notice that could free a place may stand
// behind c. It is called by the goroutine that reads, and by no other.
func (t *calls) admit(c *call) error {
	if ok, err := t.enter(c); ok || err != nil {
		t.stalled = t.stalled && !ok
		return err
	}
	if t.stalled {
		return tooManyRequests(t.maxCount)
	}
	timer := time.NewTimer(t.patience)
	defer timer.Stop()
	for {
		select {
		case <-t.freed:
			if ok, err := t.enter(c); ok || err != nil {
				return err
			}
		case <-timer.C:
			t.stalled = true
			return tooManyRequests(t.maxCount)
		}
	}
}

func tooManyRequests(limit int) error {
	return fmt.Errorf("%w: wait for answers before sending more (limit %d)", ErrTooManyRequests, limit)
}

// enter takes a place, and a goroutine for it, if there is one. A call that alone is too big for the
// memory gets it when it is alone.
func (t *calls) enter(c *call) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ending {
		return false, ErrShuttingDown
	}
	if _, twice := t.byKey[c.id.key]; twice && c.isRequest {
		return false, invalidMessage("a request with this id is still in flight")
	}
	if t.count > 0 && (t.count >= t.maxCount || t.bytes+c.size() > t.maxBytes) {
		return false, nil
	}
	t.count++
	t.bytes += c.size()
	t.handlers.Add(1)
	if c.isRequest {
		t.lastNum++
		c.num = t.lastNum
		t.byNum[c.num] = c
		t.byKey[c.id.key] = c
	}
	return true, nil
}

// cancel cancels the request with this id, if there is one.
func (t *calls) cancel(id id) {
	t.mu.Lock()
	c := t.byKey[id.key]
	t.mu.Unlock()
	if c != nil {
		c.cancel(ErrCancelled)
	}
}

// answer returns the call with Conn's id num, once. From then on its client may use
// its id again.
func (t *calls) answer(num uint64) *call {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.byNum[num]
	if c != nil {
		delete(t.byNum, num)
		delete(t.byKey, c.id.key)
	}
	return c
}

// leave gives the place of c free, whether it was answered or not.
func (t *calls) leave(c *call) {
	t.answer(c.num)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count--
	t.bytes -= c.size()
	signal(t.freed)
	if t.count == 0 {
		signal(t.idle)
	}
}

// end refuses calls from now on.
func (t *calls) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ending = true
	signal(t.freed)
	signal(t.idle)
}

// none reports whether no call is in flight.
func (t *calls) none() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count == 0
}

// signal leaves a token in ch unless there is one.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
