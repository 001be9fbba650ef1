package httpbridge_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/httpbridge"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Whatever can be got has a head, which is the same without the body.
func TestHead(t *testing.T) {
	l := newLab(t, nil)
	l.create("s")
	for _, path := range []string{"/", "/ui/", "/v1/health", "/v1/metrics", "/v1/agents", "/v1/sessions/s", "/v1/sessions/s/events", "/v1/fs/stat?path=/"} {
		get, head := l.ask(request{verb: "GET", path: path}), l.ask(request{verb: "HEAD", path: path})
		if head.status != 200 || len(head.body) != 0 || head.header.Get("Content-Type") != get.header.Get("Content-Type") {
			t.Errorf("%s: %d, %d bytes, %v", path, head.status, len(head.body), head.header)
		}
	}
	// A stream has none: it would never end.
	got := l.ask(request{verb: "HEAD", path: "/v1/sessions/s/events/sse"})
	if got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "GET" {
		t.Errorf("a stream's head: %d, Allow %q", got.status, got.header.Get("Allow"))
	}
}

// A browser that asks what it may is told, without a token and a permission.
func TestOptions(t *testing.T) {
	l := newLab(t, func(o *httpbridge.Options) { o.Token = "secret" })
	for path, allow := range map[string]string{
		"/v1/health":              "GET, HEAD",
		"/v1/sessions/x":          "GET, HEAD, POST, PATCH, DELETE",
		"/v1/sessions/x/messages": "POST",
		"/v1/fs/file?path=x":      "GET, HEAD, PUT",
	} {
		got := l.ask(request{verb: "OPTIONS", path: path, header: map[string]string{"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}})
		if got.status != 200 || len(got.body) != 0 || got.header.Get("Allow") != allow || got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %q, %v", path, got.status, got.body, got.header)
		}
	}
	wantProblem(t, l.ask(request{verb: "OPTIONS", path: "/v1/nope"}), universal.KindNotFound)
	wantProblem(t, l.ask(request{verb: "BREW", path: "/v1/nope"}), universal.KindNotFound)
}

// Compressed bodies are not understood, and never taken for what they are not.
func TestContentEncoding(t *testing.T) {
	l := newLab(t, nil)
	dir, at := place(t, l)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.WriteString(w, `{"agent":"mock"}`); err != nil {
		t.Fatal(err)
	}
	w.Close()
	encoded := map[string]string{"Content-Encoding": "gzip", "Content-Type": "application/json"}
	problem := wantProblem(t, l.ask(request{verb: "POST", path: "/v1/sessions/x", body: packed.String(), header: encoded}), universal.KindUnsupportedMediaType)
	if !strings.Contains(problem.Detail, "gzip") {
		t.Errorf("detail: %s", problem.Detail)
	}
	wantProblem(t, l.ask(request{verb: "PUT", path: "/v1/fs/file" + at("f"), body: packed.String(), header: encoded}), universal.KindUnsupportedMediaType)
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	plain := map[string]string{"Content-Encoding": "identity"}
	if got := l.ask(request{verb: "POST", path: "/v1/sessions/x", body: `{"agent":"mock"}`, header: plain}); got.status != 200 {
		t.Errorf("identity: %d %s", got.status, got.body)
	}
}

// The path says which session is meant, and each member has one spelling.
func TestWhichSession(t *testing.T) {
	l := newLab(t, nil)
	for name, body := range map[string]string{
		"body":       `{"agent":"mock","sessionId":"other"}`,
		"lookalikes": `{"agent":"mock","sessionid":"other","SESSIONID":"other","ſessionId":"other"}`,
		"twice":      `{"agent":"none","agent":"mock","sessionId":"other","sessionId":"another"}`,
		"unknown":    `{"agent":"mock","session_id":"other","Agent":"none","future":{"a":[1]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var created struct{ SessionID string }
			l.must("POST", "/v1/sessions/"+name+"?sessionId=third&session_id=fourth", body, &created)
			if created.SessionID != name {
				t.Errorf("it made %q", created.SessionID)
			}
		})
	}
	wantProblem(t, l.ask(request{verb: "POST", path: "/v1/sessions/x", body: `{"AGENT":"mock"}`}), universal.KindUnprocessable)
}

// Bodies that are not one JSON value are refused, whatever comes first.
func TestTrailingGarbage(t *testing.T) {
	l := newLab(t, nil)
	for _, body := range []string{`{"agent":"mock"}x`, `{"agent":"mock"},`, `{"agent":"mock"} {"agent":"mock"}`, "{\"agent\":\"mock\"}\x00", `{"agent":"mock",}`, `{'agent':'mock'}`, "{\"agent\":\"mock\"}\n//"} {
		wantProblem(t, l.ask(request{verb: "POST", path: "/v1/sessions/x", body: body}), universal.KindParseError)
	}
	deep := `{"agent":"mock","env":` + strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000) + "}"
	wantProblem(t, l.ask(request{verb: "POST", path: "/v1/sessions/x", body: deep}), universal.KindParseError)
	if got := l.ask(request{verb: "POST", path: "/v1/sessions/x", body: "{\"agent\":\"mock\"}\r\n \t"}); got.status != 200 {
		t.Errorf("white space: %d %s", got.status, got.body)
	}
}

// Clients of other versions of the protocol are served as they can be.
func TestOldClients(t *testing.T) {
	l := newLab(t, nil)
	l.create("s")
	l.must("POST", "/v1/sessions/s/messages", message("hello"), nil)
	l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"}).until(universal.TypeTurnEnded)
	l.must("POST", "/v1/sessions/s/terminate", "", nil)

	w := l.wire("GET /v1/sessions/s HTTP/1.0\r\nHost: localhost\r\n\r\n")
	if got := w.answer(); got.status != 200 || !json.Valid(got.body) {
		t.Errorf("HTTP/1.0: %d %s", got.status, got.body)
	}
	w.wantOver()
	w = l.wire("GET /v1/sessions/s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	if got := w.answer(); got.status != 200 {
		t.Errorf("Connection: close: %d %s", got.status, got.body)
	}
	w.wantOver()

	// A stream without chunks, which such a client can't read, ends with the
	// connection.
	w = l.wire("GET /v1/sessions/s/events/sse HTTP/1.0\r\nHost: localhost\r\n\r\n")
	resp, err := http.ReadResponse(w.buf, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.TransferEncoding) > 0 {
		t.Errorf("chunks: %v", resp.TransferEncoding)
	}
	l.must("DELETE", "/v1/sessions/s", "", nil)
	text, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Contains(text, []byte(`"type":"session.ended"`)) {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// Offsets beyond the end are waited for, however large they are.
func TestOffsetBeyondTheEnd(t *testing.T) {
	l := newLab(t, nil)
	l.create("s")
	l.must("POST", "/v1/sessions/s/messages", message("flood 20000 100"), nil) // so that some of it is on the disk
	l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"}).until(universal.TypeTurnEnded)
	for _, offset := range []uint64{1 << 40, math.MaxInt64, math.MaxUint64 - 1, math.MaxUint64} {
		var page struct {
			Events  []any
			HasMore bool
		}
		l.must("GET", fmt.Sprintf("/v1/sessions/s/events?offset=%d", offset), "", &page)
		if page.Events == nil || len(page.Events) > 0 || page.HasMore {
			t.Errorf("after %d: %d events, more: %v", offset, len(page.Events), page.HasMore)
		}
		s, err := l.stream(nil, "/v1/sessions/s/events/sse", fmt.Sprintf("Last-Event-ID: %d\r\n", offset))
		if err != nil {
			t.Fatal(err)
		}
		s.conn.Close()
	}
	for _, id := range []string{"-1", "+1", "1 2", "0x1", "1e3", "18446744073709551616", "1,2", "1&offset=0"} {
		got := l.ask(request{verb: "GET", path: "/v1/sessions/s/events/sse", header: map[string]string{"Last-Event-ID": id}})
		wantProblem(t, got, universal.KindInvalidRequest)
	}
}

// What is written without encoding/json is what that would write.
func TestEventsAreJSON(t *testing.T) {
	l := newLab(t, nil)
	l.create("s")
	l.must("POST", "/v1/sessions/s/messages", message("flood 500 50 raw"), nil)
	events := l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse?includeRaw=true"}).until(universal.TypeTurnEnded)
	for query, count := range map[string]int{"limit=0": 0, "limit=1": 1, "": len(events), "includeRaw=true&limit=100": 100, "include_raw=true&offset=1": len(events) - 1} {
		got := l.ask(request{verb: "GET", path: "/v1/sessions/s/events?" + query})
		var page struct {
			Events  []universal.Event `json:"events"`
			HasMore bool              `json:"hasMore"`
		}
		decoder := json.NewDecoder(bytes.NewReader(got.body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&page); err != nil || decoder.More() {
			t.Fatalf("%q: %v in %.200s", query, err, got.body)
		}
		if length := got.header.Get("Content-Length"); length != fmt.Sprint(len(got.body)) {
			t.Errorf("%q: Content-Length %s of %d bytes", query, length, len(got.body))
		}
		first := 0
		if strings.Contains(query, "offset=1") {
			first = 1
		}
		want := events[first : first+count]
		if !strings.Contains(query, "aw=") {
			want = nil
			for _, ev := range events[:count] {
				ev.Raw = nil
				want = append(want, ev)
			}
		}
		for i := range page.Events {
			if string(page.Events[i].Raw) == "null" {
				page.Events[i].Raw = nil
			}
		}
		for i := range want {
			if string(want[i].Raw) == "null" {
				want[i].Raw = nil
			}
		}
		if len(page.Events) != count || page.HasMore != (first+count < len(events)) {
			t.Errorf("%q: %d events, more: %v", query, len(page.Events), page.HasMore)
		} else if diff := cmp.Diff(want, page.Events); count > 0 && diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
	}
}
