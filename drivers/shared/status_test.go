package shared_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/shared"
)

func (s *server) BaseURL() string { return "http://127.0.0.1:1" }

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, h := shared.NewPool[*server](), &host{}
		wants := func(when string, want drivers.ServerStatus) {
			t.Helper()
			if diff := cmp.Diff(want, p.Status()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		running := func(uptime time.Duration, restarts int) drivers.ServerStatus {
			ms := uptime.Milliseconds()
			return drivers.ServerStatus{Status: drivers.ServerRunning, BaseURL: "http://127.0.0.1:1", UptimeMS: &ms, RestartCount: restarts}
		}
		broken := func(why string, restarts int) drivers.ServerStatus {
			return drivers.ServerStatus{Status: drivers.ServerError, RestartCount: restarts, LastError: why}
		}
		const died = "the server ended by itself"

		wants("never needed", drivers.ServerStatus{Status: drivers.ServerStopped})
		first := acquire(t, p, "a", h)
		time.Sleep(3 * time.Second)
		second := acquire(t, p, "b", h)
		time.Sleep(time.Second)
		wants("two are running", running(4*time.Second, 0))
		release(t, first)
		wants("one is running", running(time.Second, 0))

		second.Server.die()
		wants("it died", broken(died, 0))
		third := acquire(t, p, "b", h)
		wants("it was started again", running(0, 1))
		release(t, second)
		release(t, third)
		wants("nobody needs it", drivers.ServerStatus{Status: drivers.ServerStopped, RestartCount: 1})

		fourth := acquire(t, p, "b", h)
		wants("it was stopped before", running(0, 1))
		fourth.Server.die()
		release(t, fourth)
		wants("it died, and nobody needs it", broken(died, 1))
		_, err := p.Acquire(t.Context(), "b", func(context.Context) (*server, error) { return nil, errors.New("no port") })
		if err == nil {
			t.Fatal("a failed start gave a server")
		}
		wants("it doesn't start", broken("no port", 1))
		release(t, acquire(t, p, "b", h))
		wants("it started again", drivers.ServerStatus{Status: drivers.ServerStopped, RestartCount: 2})
	})
}

// A start that nobody waits for any more is no failure.
func TestStatusOfAnAbandonedStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := shared.NewPool[*server]()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			synctest.Wait()
			cancel()
		}()
		_, err := p.Acquire(ctx, "a", func(ctx context.Context) (*server, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if got := p.Status(); got.Status != drivers.ServerStopped {
			t.Errorf("status %+v", got)
		}
	})
}
