// Package shared keeps agent servers that several sessions use.
//
// A [Pool] has at most one running server for each key. Who needs one acquires
// a [Lease]; the first starts the server, those who come meanwhile wait for the
// same start, and the last release stops it. So a server lives exactly as long
// as somebody uses it, and nothing has to be ended besides the sessions.
//
// A server that died is replaced by the next Acquire; leases on the dead one
// stay valid to be released. The pool itself runs nothing but starts that
// somebody waits for.
package shared

import (
	"context"
	"errors"
	"sync"
	"time"
)

// abandonTimeout bounds the stop of a server whose starter has given up.
const abandonTimeout = 10 * time.Second

// Server is a running agent server.
type Server interface {
	// Done is closed when the server and all it started is gone.
	Done() <-chan struct{}
	// Stop ends the server and waits for it; also one that is gone already.
	Stop(ctx context.Context) error
}

// Pool holds the servers of one kind. The zero value is not usable; see
// [NewPool]. Its methods are safe for concurrent use.
type Pool[S Server] struct {
	mu      sync.Mutex
	entries map[string]*entry[S]

	// For Status.
	died     bool // a server, and none was started since
	restarts int
	failure  error // of the last start or server, nil when that went well
}

// entry is a server that starts, runs or has died.
type entry[S Server] struct {
	users  int // guarded by Pool.mu
	cancel context.CancelFunc
	ready  chan struct{} // closed when the start is over
	server S             // valid once ready is closed, if err is nil
	err    error
	since  time.Time // when the server was ready
}

// NewPool makes an empty pool.
func NewPool[S Server]() *Pool[S] {
	return &Pool[S]{entries: map[string]*entry[S]{}}
}

// Lease is one user's share in a server.
type Lease[S Server] struct {
	// Server may die at any time; its Done tells.
	Server S

	pool  *Pool[S]
	key   string
	entry *entry[S]
	once  sync.Once
	err   error
}

// Acquire returns a share in the server of that key, starting it if none is
// running. The start's context has the values of the first caller's and ends
// when nobody waits any more; a start that fails, or that is cancelled, leaves
// nothing running. The error is the start's or the context's.
func (p *Pool[S]) Acquire(ctx context.Context, key string, start func(context.Context) (S, error)) (*Lease[S], error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	e := p.join(ctx, key, start)
	select {
	case <-e.ready:
	case <-ctx.Done():
		err := context.Cause(ctx)
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTimeout)
		defer cancel()
		return nil, errors.Join(err, p.leave(stopping, key, e))
	}
	if e.err != nil {
		return nil, errors.Join(e.err, p.leave(ctx, key, e))
	}
	return &Lease[S]{Server: e.server, pool: p, key: key, entry: e}, nil
}

// Release gives the share back. The last one stops the server and waits for
// that; further calls return what the first one did.
func (l *Lease[S]) Release(ctx context.Context) error {
	l.once.Do(func() { l.err = l.pool.leave(ctx, l.key, l.entry) })
	return l.err
}

// join counts a user of the key's server and begins its start if need be.
func (p *Pool[S]) join(ctx context.Context, key string, start func(context.Context) (S, error)) *entry[S] {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.entries[key]; e != nil {
		if !e.over() {
			e.users++
			return e
		}
		if e.err == nil {
			p.noteDeath()
		}
	}
	starting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e := &entry[S]{users: 1, cancel: cancel, ready: make(chan struct{})}
	p.entries[key] = e
	go func() { // ends with the start, which every user waits for or cancels
		defer close(e.ready)
		e.server, e.err = start(starting)
		e.since = time.Now()
		if starting.Err() == nil { // else somebody has changed their mind
			p.noteStart(e.err)
		}
	}()
	return e
}

// over tells whether the entry's server failed to start or has died.
func (e *entry[S]) over() bool {
	switch {
	case !e.started():
		return false
	case e.err != nil:
		return true
	}
	select {
	case <-e.server.Done():
		return true
	default:
		return false
	}
}

// leave ends one user's share. The last user stops the server outside the
// lock; whoever comes meanwhile gets a new one.
func (p *Pool[S]) leave(ctx context.Context, key string, e *entry[S]) error {
	p.mu.Lock()
	e.users--
	last := e.users == 0
	if last && p.entries[key] == e {
		delete(p.entries, key)
		if e.started() && e.err == nil && e.over() {
			p.noteDeath()
		}
	}
	p.mu.Unlock()
	if !last {
		return nil
	}
	// A running server may have been started with this context, so it ends
	// after the stop; a start that still runs must be told first.
	select {
	case <-e.ready:
	default:
		e.cancel()
		<-e.ready
	}
	defer e.cancel()
	if e.err != nil {
		return nil
	}
	return e.server.Stop(ctx)
}
