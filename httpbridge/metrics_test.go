package httpbridge_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestMetrics(t *testing.T) {
	l := newLab(t, nil)
	l.create("idle")
	l.create("over")
	l.must("POST", "/v1/sessions/over/terminate", "", nil)
	l.create("gone")
	l.must("DELETE", "/v1/sessions/gone", "", nil)
	wantProblem(t, l.ask(request{verb: "GET", path: "/v1/sessions/none"}), universal.KindSessionNotFound)
	l.open(request{verb: "GET", path: "/v1/sessions/idle/events/sse"}).until(universal.TypeSessionStarted)
	got := string(l.ask(request{verb: "GET", path: "/v1/metrics"}).body)
	for _, want := range []string{
		`sandbox_agent_sessions{status="ended"} 1`, `sandbox_agent_sessions{status="idle"} 1`, `sandbox_agent_sessions{status="running"} 0`,
		"# TYPE sandbox_agent_events_total counter", "sandbox_agent_agent_restarts_total 0",
		"sandbox_agent_subscribers 1", `sandbox_agent_errors_total{kind="session_not_found"} 1`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no %s in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "sandbox_agent_events_total 0\n") || strings.Contains(got, "sandbox_agent_log_memory_bytes 0\n") {
		t.Errorf("nothing was counted:\n%s", got)
	}
}

// A reader that has taken nothing at all is behind by everything.
func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startLab(t, setup{inMemory: true})
		events := l.recorded("s", "flood 1000 20")
		want := func(lag int) {
			t.Helper()
			synctest.Wait()
			if got := string(l.ask(request{verb: "GET", path: "/v1/metrics"}).body); !strings.Contains(got, fmt.Sprintf("sandbox_agent_subscriber_lag_events %d\n", lag)) {
				t.Errorf("no lag of %d in:\n%s", lag, got)
			}
		}
		want(0)
		w := l.wire("GET /v1/sessions/s/events/sse?offset=10 HTTP/1.1\r\nHost: localhost\r\n\r\n")
		head := make([]byte, 1<<10)
		if n, err := w.conn.Read(head); err != nil || !strings.HasPrefix(string(head[:n]), "HTTP/1.1 200 ") {
			t.Fatalf("%q, %v", head[:n], err)
		}
		want(len(events) - 10)
		w.conn.Close()
		want(0)
		l.stop()
	})
}
