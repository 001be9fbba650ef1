package schema_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/rpc/stdio"
	"github.com/sandbox-agent/sandbox-agent/schema"
)

// call is a request on stdio.
type call struct {
	method string
	params string
	fails  bool
}

// calls are one of each method, but for installing.
func calls(dir string) []call {
	path, err := json.Marshal(dir + "/f")
	if err != nil {
		panic(err)
	}
	file := string(path)
	return []call{
		{"initialize", `{"protocolVersion":"1","clientInfo":{"name":"test"},"capabilities":{}}`, false},
		{"health", `{}`, false},
		{"agents/list", `{}`, false},
		{"agents/install", `{"agent":"mock"}`, false},
		{"agents/modes", `{"agent":"mock"}`, false},
		{"agents/models", `{"agent":"mock"}`, false},
		{"agents/models", `{"agent":"none"}`, true},
		{"sessions/subscribe", `{}`, false},
		{"sessions/create", `{"sessionId":"s","agent":"mock","permissionMode":"bypass","env":{"A":"b"},"title":"t","mcp":{
			"files":{"type":"local","command":"mcp-files","args":["-v"]},
			"far":{"type":"http","url":"https://example.com/mcp","headers":{"X":"y"},"transport":"sse"}}}`, false},
		{"sessions/create", `{"sessionId":"s","agent":"mock"}`, true},
		{"sessions/subscribe", `{"sessionId":"s","offset":0,"includeRaw":true}`, false},
		{"sessions/sendMessage", `{"sessionId":"s","message":"demo","onBusy":"queue","clientMessageId":"c","attachments":[{"data":"aGk=","mime":"text/plain","filename":"f"}]}`, false},
		{"sessions/sendMessageStream", `{"sessionId":"s","message":"hello","until":"turn"}`, false},
		{"sessions/list", `{"limit":10}`, false},
		{"sessions/get", `{"sessionId":"s"}`, false},
		{"sessions/update", `{"sessionId":"s","title":"other","permissionMode":"default"}`, false},
		{"sessions/events", `{"sessionId":"s","limit":5}`, false},
		{"questions/reply", `{"sessionId":"s","questionId":"none","answers":[["a"]]}`, true},
		{"questions/reject", `{"sessionId":"s","questionId":"none","message":"no"}`, true},
		{"permissions/reply", `{"sessionId":"s","permissionId":"none","reply":"once"}`, true},
		{"fs/write", `{"path":` + file + `,"content":"aGk="}`, false},
		{"fs/read", `{"path":` + file + `,"offset":1,"length":1}`, false},
		{"fs/stat", `{"path":` + file + `}`, false},
		{"fs/entries", `{"path":".","sessionId":"s"}`, false},
		{"fs/mkdir", `{"path":"d","sessionId":"s"}`, false},
		{"fs/move", `{"from":"d","to":"e","sessionId":"s","overwrite":true}`, false},
		{"fs/delete", `{"path":"e","sessionId":"s","recursive":true}`, false},
		{"fs/upload", `{"path":"up","sessionId":"s","content":"aGk="}`, true},
		{"schema/get", `{"format":"openrpc"}`, false},
		{"sessions/unsubscribe", `{"subscriptionId":"sub_1"}`, false},
		{"sessions/interrupt", `{"sessionId":"s","queue":"drop"}`, false},
		{"sessions/terminate", `{"sessionId":"s"}`, false},
		{"sessions/delete", `{"sessionId":"s"}`, false},
		{"shutdown", `{}`, false},
	}
}

// message is anything that the server writes.
type message struct {
	ID     *int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct{ Data json.RawMessage }
}

// All that goes over stdio is what the schema says, in both directions.
func TestStdioValidates(t *testing.T) {
	validator := newValidator(t)
	dir := t.TempDir()
	client := serveStdio(t, dir)
	lines := bufio.NewReader(client)
	notified := map[string]bool{}
	asked := map[string]bool{}
	for i, c := range calls(dir) {
		asked[c.method] = true
		if err := validator.Params(c.method, []byte(c.params)); err != nil {
			t.Errorf("params of %s: %v", c.method, err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(c.params)); err != nil {
			t.Fatal(err)
		}
		request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": i, "method": c.method, "params": json.RawMessage(compact.Bytes())})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Write(append(request, '\n')); err != nil {
			t.Fatal(err)
		}
		for answered := false; !answered; {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				t.Fatalf("%s: %v", c.method, err)
			}
			var m message
			if err := json.Unmarshal(line, &m); err != nil {
				t.Fatal(err)
			}
			answered = m.ID != nil && *m.ID == i
			switch {
			case m.Method != "":
				notified[m.Method] = true
				err = validator.Params(m.Method, m.Params)
			case m.Error != nil:
				err = validator.Definition("Problem", m.Error.Data)
			default:
				err = validator.Result(c.method, m.Result)
			}
			if err != nil {
				t.Errorf("%s: %v", c.method, err)
			}
			if answered && (m.Error != nil) != c.fails {
				t.Errorf("%s: %s", c.method, line)
			}
		}
	}
	for _, m := range rpc.Table() {
		if !asked[m.Name] {
			t.Errorf("%s is not among the calls", m.Name)
		}
	}
	for _, n := range rpc.Notifications() {
		if !n.FromClient && !notified[n.Name] {
			t.Errorf("%s did not come", n.Name)
		}
	}
}

// serveStdio serves the mock on a pipe, whose other end it returns.
func serveStdio(t *testing.T, dir string) io.ReadWriteCloser {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	store, err := eventlog.OpenStore(eventlog.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := session.NewManager(session.ManagerOptions{
		Drivers: []drivers.Driver{mock.New(mock.Options{})}, Store: store, Logger: logger, Directory: dir,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := rpc.NewServer(rpc.ServerOptions{Sessions: sessions, Version: "test", Logger: logger, Documents: schema.Documents()})
	toServer, fromClient := io.Pipe()
	toClient, fromServer := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- server.ServeStdio(context.Background(), stdio.Join(toServer, fromServer)) }() // ends with its input
	t.Cleanup(func() {
		fromClient.Close()
		toClient.Close()
		if err := <-served; err != nil {
			t.Errorf("ServeStdio: %v", err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return stdio.Join(toClient, fromClient)
}
