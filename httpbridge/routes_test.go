package httpbridge_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/httpbridge"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// The routes are those of the table, and those that are for people and machines that watch.
func TestRoutesAreTheTable(t *testing.T) {
	var want []string
	for _, m := range rpc.Table() {
		for _, path := range m.Paths {
			want = append(want, m.Verb+" "+path)
			if m.Verb == http.MethodGet && !m.Streams {
				want = append(want, "HEAD "+path)
			}
		}
	}
	for _, path := range []string{"/", "/ui", "/ui/*", "/v1/metrics"} {
		want = append(want, "GET "+path, "HEAD "+path)
	}
	handler := httpbridge.NewHandler(httpbridge.Options{Server: rpc.NewServer(rpc.ServerOptions{})})
	var got []string
	err := chi.Walk(handler.(chi.Router), func(verb, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		got = append(got, verb+" "+route)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Every way to fail is told with a problem document.
func TestProblems(t *testing.T) {
	l := newLab(t, func(o *httpbridge.Options) { o.MaxBodyBytes = 1000 })
	l.create("s")
	l.create("over")
	l.must("POST", "/v1/sessions/over/terminate", "", nil)
	tests := []struct {
		name string
		request
		kind   universal.ErrorKind
		detail string
	}{
		{"unknown path", request{verb: "GET", path: "/v1/nope"}, universal.KindNotFound, "/v1/nope"},
		{"unknown root path", request{verb: "GET", path: "/nope"}, universal.KindNotFound, "/nope"},
		{"trailing slash", request{verb: "GET", path: "/v1/sessions/"}, universal.KindNotFound, ""},
		{"wrong verb", request{verb: "PUT", path: "/v1/sessions/s"}, universal.KindMethodNotAllowed, "use GET or HEAD or POST or PATCH or DELETE"},
		{"unknown verb", request{verb: "BREW", path: "/v1/health"}, universal.KindMethodNotAllowed, ""},
		{"not JSON", request{verb: "POST", path: "/v1/sessions/x", body: "{"}, universal.KindParseError, ""},
		{"two values", request{verb: "POST", path: "/v1/sessions/x", body: "{}{}"}, universal.KindParseError, ""},
		{"no object", request{verb: "POST", path: "/v1/sessions/x", body: "[]", header: map[string]string{"Content-Type": "application/json"}}, universal.KindUnprocessable, "not an object"},
		{"null", request{verb: "POST", path: "/v1/sessions/x", body: "null", header: map[string]string{"Content-Type": "application/json"}}, universal.KindUnprocessable, ""},
		{"member missing", request{verb: "POST", path: "/v1/sessions/x", body: "{}"}, universal.KindUnprocessable, "agent is missing"},
		{"no body where one is needed", request{verb: "POST", path: "/v1/sessions/x"}, universal.KindInvalidRequest, "agent is missing"},
		{"member of a wrong type", request{verb: "POST", path: "/v1/sessions/x", body: `{"agent":5}`}, universal.KindUnprocessable, "agent"},
		{"wrong media type", request{verb: "POST", path: "/v1/sessions/x", body: `{"agent":"mock"}`, header: map[string]string{"Content-Type": "text/plain"}}, universal.KindUnsupportedMediaType, "application/json"},
		{"too large", request{verb: "POST", path: "/v1/sessions/x", body: `{"agent":"` + strings.Repeat("x", 1000) + `"}`}, universal.KindPayloadTooLarge, "1000 bytes"},
		{"bad number", request{verb: "GET", path: "/v1/sessions/s/events?offset=ten"}, universal.KindInvalidRequest, "offset"},
		{"negative number", request{verb: "GET", path: "/v1/sessions/s/events?offset=-1"}, universal.KindInvalidRequest, "offset"},
		{"bad flag", request{verb: "GET", path: "/v1/sessions/s/events?include_raw=maybe"}, universal.KindInvalidRequest, "include_raw must be true or false"},
		{"bad escape", request{verb: "GET", path: "/v1/sessions/s/events?offset=%zz"}, universal.KindInvalidRequest, "query"},
		{"path missing", request{verb: "GET", path: "/v1/fs/stat"}, universal.KindInvalidRequest, "path is missing"},
		{"bad event id", request{verb: "GET", path: "/v1/sessions/s/events/sse", header: map[string]string{"Last-Event-ID": "x"}}, universal.KindInvalidRequest, "Last-Event-ID"},
		{"unknown agent", request{verb: "POST", path: "/v1/sessions/x", body: `{"agent":"none"}`}, universal.KindUnsupportedAgent, "unsupported agent: none"},
		{"unknown mode", request{verb: "POST", path: "/v1/sessions/x", body: `{"agent":"mock","agentMode":"odd"}`}, universal.KindModeNotSupported, ""},
		{"unknown session", request{verb: "GET", path: "/v1/sessions/none/events"}, universal.KindSessionNotFound, "session not found: none"},
		{"stream of an unknown session", request{verb: "GET", path: "/v1/sessions/none/events/sse"}, universal.KindSessionNotFound, ""},
		{"taken id", request{verb: "POST", path: "/v1/sessions/s", body: `{"agent":"mock"}`}, universal.KindSessionAlreadyExists, ""},
		{"ended session", request{verb: "POST", path: "/v1/sessions/over/messages", body: message("hi")}, universal.KindSessionEnded, ""},
		{"unknown permission", request{verb: "POST", path: "/v1/sessions/s/permissions/p/reply", body: `{"reply":"once"}`}, universal.KindInvalidRequest, "unknown permission id: p"},
		{"unknown question", request{verb: "POST", path: "/v1/sessions/s/questions/q/reject"}, universal.KindInvalidRequest, "unknown question id: q"},
		{"no archive", request{verb: "POST", path: "/v1/fs/upload-batch?path=/x", body: "x", header: map[string]string{"Content-Type": "text/plain"}}, universal.KindInvalidRequest, "application/x-tar"},
		{"missing file", request{verb: "GET", path: "/v1/fs/file?path=none&session_id=s"}, universal.KindInvalidRequest, "path not found"},
		{"climbing path", request{verb: "GET", path: "/v1/fs/file?path=../x&sessionId=s"}, universal.KindInvalidRequest, "invalid relative path: ../x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := l.ask(tt.request)
			problem := wantProblem(t, got, tt.kind)
			if !strings.Contains(problem.Detail, tt.detail) {
				t.Errorf("detail = %q, want %q in it", problem.Detail, tt.detail)
			}
			if allow := got.header.Get("Allow"); (tt.kind == universal.KindMethodNotAllowed) != (allow != "") {
				t.Errorf("Allow = %q", allow)
			}
		})
	}
	var list struct{ Sessions []struct{ SessionID string } }
	l.must("GET", "/v1/sessions", "", &list)
	if len(list.Sessions) != 2 {
		t.Errorf("a refused request left something: %+v", list)
	}
}

// Ids may be any text; what the client escapes arrives unescaped, once.
func TestEscapedIDs(t *testing.T) {
	l := newLab(t, nil)
	for escaped, id := range map[string]string{
		"a%2Fb": "a/b", "100%25": "100%", "a%2520b": "a%20b", "%C3%A9 ": "é ", "x%252Fy%2Fz": "x%2Fy/z",
	} {
		var created struct{ SessionID string }
		path := "/v1/sessions/" + strings.ReplaceAll(escaped, " ", "%20")
		l.must("POST", path, `{"agent":"mock"}`, &created)
		if created.SessionID != id {
			t.Errorf("%s became %q, want %q", escaped, created.SessionID, id)
		}
		var info struct{ SessionID string }
		l.must("GET", path, "", &info)
		if info.SessionID != id {
			t.Errorf("GET %s gave %q", escaped, info.SessionID)
		}
	}
}

// What is no text would become another one, and the name of something else.
func TestNotUTF8(t *testing.T) {
	l := newLab(t, nil)
	l.create("s")
	for name, tt := range map[string]struct {
		req  request
		kind universal.ErrorKind
		says string
	}{
		"path":  {request{verb: "POST", path: "/v1/sessions/%FF", body: `{"agent":"mock"}`}, universal.KindInvalidRequest, "sessionId must be UTF-8"},
		"query": {request{verb: "PUT", path: "/v1/fs/file?sessionId=s&path=%FF", body: "x"}, universal.KindInvalidRequest, "path must be UTF-8"},
		"body":  {request{verb: "POST", path: "/v1/sessions", body: "{\"agent\":\"mock\",\"sessionId\":\"\xFF\"}"}, universal.KindParseError, "not UTF-8"},
	} {
		if problem := wantProblem(t, l.ask(tt.req), tt.kind); !strings.Contains(problem.Detail, tt.says) {
			t.Errorf("%s: %q, want %q in it", name, problem.Detail, tt.says)
		}
	}
}

func TestPages(t *testing.T) {
	l := newLab(t, func(o *httpbridge.Options) { o.Token = "secret" })
	for path, want := range map[string]string{"/": "/v1/health", "/ui": "<title>sandbox-agent</title>", "/ui/": "curl", "/ui/sessions/x": "curl"} {
		if got := l.ask(request{verb: "GET", path: path}); got.status != 200 || !strings.Contains(string(got.body), want) {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	const odd = `a&b.example:1`
	if got := string(l.ask(request{verb: "GET", path: "/ui/", host: odd}).body); !strings.Contains(got, "curl -N a&amp;b.example:1/v1/") || strings.Contains(got, odd) {
		t.Errorf("who came to %s reads\n%s", odd, got)
	}
}
