package httpbridge_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/httpbridge"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
)

// nowhere takes what is written and keeps its length.
type nowhere struct {
	header http.Header
	bytes  int
}

func (n *nowhere) Header() http.Header { return n.header }
func (n *nowhere) WriteHeader(int)     {}
func (n *nowhere) FlushError() error   { return nil }

func (n *nowhere) Write(b []byte) (int, error) {
	n.bytes += len(b)
	return len(b), nil
}

// BenchmarkStream is what an event of a recorded session costs on its way from
// the log, most of it on the disk, to the connection.
func BenchmarkStream(b *testing.B) {
	const deltas = 100_000
	logger := slog.New(slog.DiscardHandler)
	store, err := eventlog.OpenStore(eventlog.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	sessions, err := session.NewManager(session.ManagerOptions{
		Drivers: []drivers.Driver{mock.New(mock.Options{})}, Store: store, Logger: logger, Directory: b.TempDir(),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = sessions.Close(context.Background())
		_ = store.Close()
	})
	s, err := sessions.Create(b.Context(), session.CreateOptions{SessionID: "s", Agent: "mock"})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Send(session.MessageOptions{Message: fmt.Sprintf("flood %d 60", deltas)}); err != nil {
		b.Fatal(err)
	}
	for s.Info(false).Status != session.Idle {
		time.Sleep(time.Millisecond)
	}
	handler := httpbridge.NewHandler(httpbridge.Options{Server: rpc.NewServer(rpc.ServerOptions{Sessions: sessions, Logger: logger}), Logger: logger})
	over, cancel := context.WithCancel(b.Context())
	cancel() // so that a stream has what is there and ends
	events := 0
	for b.Loop() {
		w := &nowhere{header: http.Header{}}
		handler.ServeHTTP(w, httptest.NewRequest("GET", "/v1/sessions/s/events/sse", nil).WithContext(over))
		events += int(s.Head())
		b.SetBytes(int64(w.bytes))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
}
