package httpbridge

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/go-chi/chi/v5"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// metrics are the figures that only the bridge knows. The zero value is ready.
type metrics struct {
	mu      sync.Mutex // guards all below
	errors  map[universal.ErrorKind]uint64
	streams map[*eventWriter]string // the session that each one reads, if it is one
}

// failed counts an error.
func (m *metrics) failed(kind universal.ErrorKind) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.errors == nil {
		m.errors = map[universal.ErrorKind]uint64{}
	}
	m.errors[kind]++
}

// streaming counts a stream until the returned function is called.
func (m *metrics) streaming(r *http.Request, events *eventWriter) (over func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.streams == nil {
		m.streams = map[*eventWriter]string{}
	}
	m.streams[events] = chi.URLParam(r, "sessionId")
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.streams, events)
	}
}

// showMetrics writes the figures as Prometheus reads them.
func (b *bridge) showMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	out := patient(w)
	stats := b.Server.Stats()
	family(out, "sessions", "gauge", "Sessions by their state.")
	for _, status := range sorted(stats.Sessions) {
		sample(out, "sessions", fmt.Sprintf("{status=%q}", status), stats.Sessions[status])
	}
	single(out, "pending_requests", "gauge", "Permissions and questions that wait for a person.", stats.PendingRequests)
	single(out, "background_tasks", "gauge", "Background tasks of all agents.", stats.BackgroundTasks)
	single(out, "events_total", "counter", "Events recorded.", stats.Events)
	single(out, "agent_restarts_total", "counter", "Agents that were started again for a session.", stats.Restarts)
	single(out, "log_memory_bytes", "gauge", "Memory that holds events.", stats.Log.Memory)
	single(out, "log_disk_bytes", "gauge", "Events on the disk.", stats.Log.Disk)
	subscribers, lag := b.subscribers()
	single(out, "subscribers", "gauge", "Open event streams over HTTP.", subscribers)
	single(out, "subscriber_lag_events", "gauge", "Events that the slowest of them has yet to take.", lag)
	family(out, "errors_total", "counter", "Requests over HTTP that failed, by the kind of error.")
	b.metrics.mu.Lock()
	failures := maps.Clone(b.metrics.errors)
	b.metrics.mu.Unlock()
	for _, kind := range sorted(failures) {
		sample(out, "errors_total", fmt.Sprintf("{kind=%q}", kind), failures[kind])
	}
}

// subscribers counts the open streams and how far the slowest one is behind.
func (b *bridge) subscribers() (count int, lag uint64) {
	b.metrics.mu.Lock()
	streams := maps.Clone(b.metrics.streams)
	b.metrics.mu.Unlock()
	for events, session := range streams {
		if next := events.next.Load(); session != "" && next > 0 {
			lag = max(lag, max(b.Server.Head(session)+1, next)-next)
		}
	}
	return len(streams), lag
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

const metricPrefix = "sandbox_agent_"

// What can't be written here isn't read either.
func family(w io.Writer, name, kind, help string) {
	_, _ = fmt.Fprintf(w, "# HELP %s%s %s\n# TYPE %[1]s%[2]s %[4]s\n", metricPrefix, name, help, kind)
}

func sample(w io.Writer, name, labels string, value any) {
	_, _ = fmt.Fprintf(w, "%s%s%s %d\n", metricPrefix, name, labels, value)
}

func single(w io.Writer, name, kind, help string, value any) {
	family(w, name, kind, help)
	sample(w, name, "", value)
}
