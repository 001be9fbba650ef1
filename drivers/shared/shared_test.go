package shared_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/sandbox-agent/sandbox-agent/drivers/shared"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a server without a process.
type server struct {
	name int
	done chan struct{}
	once sync.Once
}

func (s *server) Done() <-chan struct{} { return s.done }

func (s *server) Stop(context.Context) error {
	s.die()
	return nil
}

func (s *server) die() { s.once.Do(func() { close(s.done) }) }

func (s *server) running() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// host starts servers and keeps them in order.
type host struct {
	mu      sync.Mutex
	started []*server
}

func (h *host) start(context.Context) (*server, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &server{name: len(h.started), done: make(chan struct{})}
	h.started = append(h.started, s)
	return s, nil
}

func acquire(t *testing.T, p *shared.Pool[*server], key string, h *host) *shared.Lease[*server] {
	t.Helper()
	lease, err := p.Acquire(t.Context(), key, h.start)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func release(t *testing.T, lease *shared.Lease[*server]) {
	t.Helper()
	if err := lease.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSharedUntilTheLastRelease(t *testing.T) {
	p, h := shared.NewPool[*server](), &host{}
	a, b, other := acquire(t, p, "k", h), acquire(t, p, "k", h), acquire(t, p, "other", h)
	if a.Server != b.Server || a.Server == other.Server {
		t.Errorf("servers of one key: %d and %d, of another: %d", a.Server.name, b.Server.name, other.Server.name)
	}
	release(t, a)
	release(t, a) // counts once
	if !b.Server.running() {
		t.Error("the server stopped while it was in use")
	}
	release(t, b)
	if b.Server.running() {
		t.Error("the server runs on without users")
	}
	if !other.Server.running() {
		t.Error("the other key's server stopped as well")
	}
	again := acquire(t, p, "k", h)
	if again.Server == b.Server {
		t.Error("a stopped server was given out")
	}
	release(t, again)
	release(t, other)
}

func TestDeadServerIsReplaced(t *testing.T) {
	p, h := shared.NewPool[*server](), &host{}
	a, b := acquire(t, p, "k", h), acquire(t, p, "k", h)
	a.Server.die()
	fresh := acquire(t, p, "k", h)
	if fresh.Server == a.Server {
		t.Fatal("a dead server was given out")
	}
	release(t, a)
	release(t, b)
	if !fresh.Server.running() {
		t.Error("releasing the dead one's leases stopped its successor")
	}
	release(t, fresh)
	if fresh.Server.running() {
		t.Error("the successor outlived its user")
	}
}

func TestOneStartForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, h := shared.NewPool[*server](), &host{}
		open := make(chan struct{})
		slow := func(ctx context.Context) (*server, error) {
			<-open
			return h.start(ctx)
		}
		leases := make(chan *shared.Lease[*server], 3)
		var wait sync.WaitGroup
		for range cap(leases) {
			wait.Go(func() {
				lease, err := p.Acquire(t.Context(), "k", slow)
				if err != nil {
					t.Error(err)
					return
				}
				leases <- lease
			})
		}
		synctest.Wait()
		close(open)
		wait.Wait()
		if len(h.started) != 1 {
			t.Errorf("%d servers were started", len(h.started))
		}
		for range cap(leases) {
			release(t, <-leases)
		}
		if h.started[0].running() {
			t.Error("the server runs on without users")
		}
	})
}

func TestFailedStart(t *testing.T) {
	p, h := shared.NewPool[*server](), &host{}
	broken := errors.New("broken")
	_, err := p.Acquire(t.Context(), "k", func(context.Context) (*server, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Errorf("error = %v", err)
	}
	release(t, acquire(t, p, "k", h)) // the next one tries again
}

func TestGivingUpEndsOnlyALonelyStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, h := shared.NewPool[*server](), &host{}
		open := make(chan struct{})
		start := func(ctx context.Context) (*server, error) {
			select {
			case <-open:
				return h.start(ctx)
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		first, giveUp := context.WithCancel(t.Context())
		second, stay := t.Context(), make(chan *shared.Lease[*server], 1)
		var wait sync.WaitGroup
		wait.Go(func() {
			if _, err := p.Acquire(first, "k", start); !errors.Is(err, context.Canceled) {
				t.Errorf("error = %v", err)
			}
		})
		synctest.Wait()
		wait.Go(func() {
			lease, err := p.Acquire(second, "k", start)
			if err != nil {
				t.Error(err)
			}
			stay <- lease
		})
		synctest.Wait()
		giveUp()
		synctest.Wait()
		close(open)
		release(t, <-stay)
		wait.Wait()
	})

	t.Run("alone", func(t *testing.T) {
		p := shared.NewPool[*server]()
		ctx, giveUp := context.WithCancel(t.Context())
		started, ended := make(chan struct{}), make(chan struct{})
		go func() {
			<-started
			giveUp()
		}()
		_, err := p.Acquire(ctx, "k", func(ctx context.Context) (*server, error) {
			defer close(ended)
			close(started)
			<-ctx.Done()
			return nil, ctx.Err()
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v", err)
		}
		<-ended
	})
}

// A start that doesn't notice that nobody waits any more leaves no server.
func TestStartThatComesTooLate(t *testing.T) {
	p, h := shared.NewPool[*server](), &host{}
	ctx, giveUp := context.WithCancel(t.Context())
	_, err := p.Acquire(ctx, "k", func(starting context.Context) (*server, error) {
		giveUp()
		<-starting.Done()
		return h.start(starting)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	if h.started[0].running() {
		t.Error("the server of a start that was given up runs on")
	}
}
