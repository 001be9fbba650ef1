package schematest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/schema/schematest"
)

// recorder notes the errors of a test.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

// answer is a server that always gives the same answer.
type answer struct {
	status int
	header string // Content-Type, and Name: value
	body   string
}

func (a answer) RoundTrip(req *http.Request) (*http.Response, error) {
	header := http.Header{}
	for i, part := range strings.Split(a.header, "; ") {
		if name, value, ok := strings.Cut(part, ": "); ok {
			header.Set(name, value)
		} else if i == 0 && part != "" {
			header.Set("Content-Type", part)
		}
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader(a.body)), Request: req}, nil
}

const event = `{"event_id":"evt_1","sequence":1,"time":"2026-01-01T00:00:00Z","session_id":"s","native_session_id":null,"turn_id":null,` +
	`"synthetic":true,"source":"daemon","type":"session.started","data":{"metadata":null},"raw":null}`

func problem(kind string, status int) string {
	return fmt.Sprintf(`{"type":"urn:sandbox-agent:error:%s","title":"t","status":%d,"detail":"d"}`, kind, status)
}

// What the document doesn't say is an error of the test, and nothing else is.
func TestTransport(t *testing.T) {
	const stream, messages = "/v1/sessions/a%2Fb/events/sse", "/v1/sessions/s/messages"
	tests := map[string]struct {
		verb, path string
		answer     answer
		want       string // in the error; "" for none
	}{
		"as it should be":        {"GET", "/v1/health", answer{200, "application/json", `{"status":"ok"}`}, ""},
		"outside of the API":     {"GET", "/ui/", answer{200, "text/html", "<html>"}, ""},
		"a preflight":            {"OPTIONS", "/v1/health", answer{200, "", ""}, ""},
		"a head":                 {"HEAD", "/v1/health", answer{200, "application/json", ""}, ""},
		"a member of wrong type": {"GET", "/v1/health", answer{200, "application/json", `{"status":5}`}, "at '/status'"},
		"no JSON":                {"GET", "/v1/health", answer{200, "application/json", `ok`}, "invalid character"},
		"another type of body":   {"GET", "/v1/health", answer{200, "text/plain", `ok`}, `200 with the type "text/plain"`},
		"another status":         {"GET", "/v1/health", answer{201, "application/json", `{}`}, "nothing is said of the status 201"},
		"no such status":         {"GET", "/v1/health", answer{418, "application/json", `{}`}, "nothing is said of the status 418"},
		"a body behind 204":      {"POST", messages, answer{204, "application/json; Turn-Id: t; Event-Sequence: 1", ""}, "204 with the type"},
		"accepted":               {"POST", messages, answer{204, "; Turn-Id: t; Event-Sequence: 1", ""}, ""},
		"a header is missing":    {"POST", messages, answer{204, "; Turn-Id: t", ""}, "without the header Event-Sequence"},
		"a problem":              {"POST", messages, answer{409, "application/json", problem("session_busy", 409)}, ""},
		"a problem of any route": {"PUT", "/v1/health", answer{405, "application/json; Allow: GET", problem("method_not_allowed", 405)}, ""},
		"a problem with another status": {
			"POST", messages, answer{409, "application/json", problem("session_ended", 409)}, "at '/type'",
		},
		"a problem that says another status": {
			"POST", messages, answer{409, "application/json", problem("session_busy", 400)}, "the problem's status is 400",
		},
		"events":         {"GET", stream, answer{200, "text/event-stream", ": hello\n\nid: 1\ndata: " + event + "\n\n"}, ""},
		"a broken event": {"GET", stream, answer{200, "text/event-stream", "data: " + strings.Replace(event, "null", "5", 1) + "\n\n"}, "the answer is not what"},
		"an event of one session on the stream of all": {
			"GET", "/v1/sessions/sse", answer{200, "text/event-stream", "data: " + event + "\n\n"}, "missing properties",
		},
	}
	validator, err := schematest.New()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			seen := &recorder{TB: t}
			client := &http.Client{Transport: &schematest.Transport{TB: seen, Validator: validator, Base: tt.answer}}
			req, err := http.NewRequestWithContext(t.Context(), tt.verb, "http://127.0.0.1"+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != tt.answer.body {
				t.Errorf("the body is %q, %v", body, err)
			}
			switch {
			case tt.want == "" && len(seen.errors) > 0, tt.want != "" && len(seen.errors) != 1:
				t.Errorf("got %q, want %q", seen.errors, tt.want)
			case tt.want != "" && !strings.Contains(seen.errors[0], tt.want):
				t.Errorf("got %s, want %q", seen.errors[0], tt.want)
			}
		})
	}
}

// Only some events of a flood are checked, and none twice.
func TestTransportLimits(t *testing.T) {
	validator, err := schematest.New()
	if err != nil {
		t.Fatal(err)
	}
	seen := &recorder{TB: t}
	broken := "data: {}\n\n"
	flood := answer{200, "text/event-stream", broken + broken + "data: {\"a\":1}\n\ndata: {\"a\":2}\n\n"}
	client := &http.Client{Transport: &schematest.Transport{TB: seen, Validator: validator, Base: flood, Events: 3}}
	resp, err := client.Get("http://127.0.0.1/v1/sessions/s/events/sse")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for one := make([]byte, 1); err == nil; { // every piece by itself
		_, err = resp.Body.Read(one)
	}
	if len(seen.errors) != 2 {
		t.Errorf("%d errors: %q", len(seen.errors), seen.errors)
	}
}
