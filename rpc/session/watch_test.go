package session

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
)

// A watcher that does not read keeps nothing of sessions that come and go but
// how the last of them ended.
func TestWatcherForgetsSessions(t *testing.T) {
	store, err := eventlog.OpenStore(eventlog.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	m, err := NewManager(ManagerOptions{
		Drivers: []drivers.Driver{mock.New(mock.Options{})}, Store: store,
		Logger: slog.New(slog.DiscardHandler), Directory: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(context.Background())
	w := m.Watch()
	defer w.Close()
	last := ""
	for i := range maxForgotten + 10 {
		last = fmt.Sprint("s", i)
		if _, err := m.Create(t.Context(), CreateOptions{SessionID: last, Agent: "mock"}); err != nil {
			t.Fatal(err)
		}
		if err := m.Delete(t.Context(), last); err != nil {
			t.Fatal(err)
		}
	}
	if held, told := len(w.changed), len(w.forgotten); held != 0 || told > maxForgotten {
		t.Errorf("it holds %d deleted sessions and the ends of %d", held, told)
	}
	infos, err := w.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info := infos[len(infos)-1]; info.SessionID != last || info.Status != Ended {
		t.Errorf("the last that it tells is %s, %s", info.SessionID, info.Status)
	}
}
