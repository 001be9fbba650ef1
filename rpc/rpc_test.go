package rpc_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/rpc/stdio"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newClient starts a bridge with the mock agent in this process and returns a
// client of it.
func newClient(t *testing.T) *rpc.Client {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	store, err := eventlog.OpenStore(eventlog.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	manager, err := session.NewManager(session.ManagerOptions{
		Drivers: []drivers.Driver{mock.New(mock.Options{})}, Store: store, Logger: logger, Directory: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := rpc.NewServer(rpc.ServerOptions{Sessions: manager, Version: "test", Logger: logger})
	near, far := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- server.ServeStdio(context.Background(), far) }()
	client := rpc.NewClient(near, stdio.FramingLine)
	t.Cleanup(func() {
		client.Close()
		if err := <-served; err != nil {
			t.Errorf("ServeStdio: %v", err)
		}
		store.Close()
	})
	return client
}

// follow reads a session's events until one fits.
func follow(t *testing.T, sub *rpc.Subscription, last func(*universal.Event) bool) []universal.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var events []universal.Event
	for {
		ev, err := sub.Next(ctx)
		if err != nil {
			t.Fatalf("after %d events: %v", len(events), err)
		}
		events = append(events, *ev)
		if last(ev) {
			return events
		}
	}
}

func TestMockTurn(t *testing.T) {
	ctx := t.Context()
	client := newClient(t)
	if _, err := client.Create(ctx, session.CreateOptions{SessionID: "s1", Agent: "mock"}); err != nil {
		t.Fatal(err)
	}
	sub, err := client.Subscribe(ctx, "s1", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Send(ctx, "s1", session.MessageOptions{Message: "Reply with exactly the single word OK."}); err != nil {
		t.Fatal(err)
	}
	events := follow(t, sub, func(ev *universal.Event) bool { return ev.Type == universal.TypeTurnEnded })
	for _, v := range universal.CheckStream(events) {
		t.Error(v)
	}
	for _, ev := range events {
		b, _ := ev.MarshalJSON()
		t.Logf("%s", b)
	}
}
