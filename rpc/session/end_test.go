package session_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// counted is a shop that counts the starts of its agent.
type counted struct {
	*shop
	starts     atomic.Int64
	installing func() // called by each install
}

func (c *counted) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	c.starts.Add(1)
	return c.shop.Start(ctx, cfg, sink)
}

func (c *counted) Install(ctx context.Context, req install.Request) (install.Installed, error) {
	c.installing()
	return c.shop.Install(ctx, req)
}

// A session that was ended before its agent was started starts none: nobody
// would wait for it.
func TestTerminateBeforeTheStart(t *testing.T) {
	agent := &counted{shop: &shop{Driver: mock.New(mock.Options{})}}
	m := newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{agent}, Installer: agent, InstallMissing: true})
	agent.installing = func() {
		s, err := m.Get("s")
		if err != nil {
			t.Error(err)
		} else if err := s.Terminate(t.Context()); err != nil {
			t.Error(err)
		}
	}
	_, err := m.Create(context.WithoutCancel(t.Context()), session.CreateOptions{SessionID: "s", Agent: "amp", AgentVersion: "2.0.0"})
	wantKind(t, err, universal.KindSessionEnded)
	if n, left := agent.starts.Load(), len(m.List()); n != 0 || left != 0 {
		t.Errorf("%d starts, and %d sessions are left", n, left)
	}
}
