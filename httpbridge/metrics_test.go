package httpbridge_test

import (
	"strings"
	"testing"

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
