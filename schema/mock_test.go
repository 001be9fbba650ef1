package schema_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/httpbridge"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/schema"
	"github.com/sandbox-agent/sandbox-agent/schema/schematest"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// mockClient is a client of a server with the mock, whose every answer is held
// to the OpenAPI document.
type mockClient struct {
	t    *testing.T
	url  string
	http *http.Client
}

func newMockClient(t *testing.T) *mockClient {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	store, err := eventlog.OpenStore(eventlog.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := session.NewManager(session.ManagerOptions{
		Drivers: []drivers.Driver{mock.New(mock.Options{})}, Store: store, Logger: logger, Directory: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(httpbridge.NewHandler(httpbridge.Options{
		Server: rpc.NewServer(rpc.ServerOptions{Sessions: sessions, Logger: logger, Documents: schema.Documents()}),
		Logger: logger, Names: []string{},
	}))
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.CloseClientConnections()
		server.Close()
		if err := sessions.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	checked := &schematest.Transport{TB: t, Validator: newValidator(t), Base: transport}
	return &mockClient{t: t, url: server.URL, http: &http.Client{Transport: checked}}
}

// do sends a request; the caller closes the answer's body.
func (c *mockClient) do(verb, path, body string) *http.Response {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), verb, c.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp
}

// must sends a request that has to work, and returns the whole answer.
func (c *mockClient) must(verb, path, body string) []byte {
	c.t.Helper()
	resp := c.do(verb, path, body)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		c.t.Fatalf("%s %s: %s %s %v", verb, path, resp.Status, answer, err)
	}
	return answer
}

// mockEvents are those of a session that shows what no recording has: it says
// something of each kind, and its agent dies for good.
func mockEvents(t *testing.T) [][]byte {
	t.Helper()
	c := newMockClient(t)
	c.must("POST", "/v1/sessions/s", `{"agent":"mock","permissionMode":"bypass"}`)
	for _, prompt := range []string{"Answer briefly and include your reasoning.", "plan", "unparsed", "poison 99", "crash 3"} {
		c.must("POST", "/v1/sessions/s/messages/stream", `{"message":"`+prompt+`"}`)
	}
	c.do("POST", "/v1/sessions/s/messages", `{"message":"are you there?"}`).Body.Close()
	stream := c.do("GET", "/v1/sessions/s/events/sse?includeRaw=true", "")
	defer stream.Body.Close()
	var events [][]byte
	lines := bufio.NewReader(stream.Body)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatalf("the session did not end: %v", err)
		}
		data, ok := bytes.CutPrefix(line, []byte("data: "))
		if !ok {
			continue
		}
		events = append(events, bytes.TrimSpace(data))
		var event universal.Event
		if err := json.Unmarshal(data, &event); err != nil {
			t.Fatal(err)
		}
		if event.Type == universal.TypeSessionEnded {
			return events
		}
	}
}

// The documents can be had over HTTP, as they are exported.
func TestDocumentsOverHTTP(t *testing.T) {
	c := newMockClient(t)
	for path, i := range map[string]int{"/v1/schema": 0, "/v1/openapi.json": 1, "/v1/openrpc.json": 2, "/v1/schema?format=openrpc": 2, "/v1/openapi.json?format=openrpc": 1} {
		var want bytes.Buffer
		if err := json.Compact(&want, schema.Exports()[i].Content); err != nil {
			t.Fatal(err)
		}
		if got := c.must("GET", path, ""); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s gives %.100s, want %.100s", path, got, want.Bytes())
		}
	}
	resp := c.do("GET", "/v1/schema?format=yaml", "")
	defer resp.Body.Close()
	var problem rpc.Problem
	if err := json.NewDecoder(resp.Body).Decode(&problem); err != nil || problem.Kind() != universal.KindInvalidRequest {
		t.Errorf("an unknown format: %s %+v %v", resp.Status, problem, err)
	}
}
