package schema_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	// wait is a notification to read up to, behind the answer.
	wait string
}

// calls are some of each method, with all params. $DIR is a folder with a
// file and a skill.
func calls() []call {
	return []call{
		{method: "initialize", params: `{"protocolVersion":"1","clientInfo":{"name":"test","version":"1"},"capabilities":{}}`},
		{method: "health", params: `{}`},
		{method: "agents/list", params: `{}`},
		{method: "agents/install", params: `{"agent":"mock","reinstall":false}`},
		{method: "agents/install", params: `{"agent":"mock","version":"0.0.1"}`, fails: true},
		{method: "agents/modes", params: `{"agent":"mock"}`},
		{method: "agents/models", params: `{"agent":"mock"}`},
		{method: "agents/models", params: `{"agent":"none"}`, fails: true},
		{method: "sessions/subscribe", params: `{}`},
		{method: "sessions/create", params: `{
			"sessionId":"s","agent":"mock","agentMode":"build","permissionMode":"bypass","model":"mock","variant":"low",
			"agentVersion":"builtin","directory":"$DIR","title":"t","env":{"A":"b"},"resume":"mock-other","systemPrompt":"Be brief.",
			"idleTimeout":60000,"skills":{"sources":[{"type":"local","source":"$DIR","subpath":"skills","skills":["singer"]}]},"mcp":{
				"near":{"type":"local","command":["mcp-files","-v"],"env":{"A":"b"},"cwd":"/","enabled":true,"timeoutMs":1000},
				"near, as before":{"type":"stdio","command":"mcp-files","args":["-v"],"environment":{"A":"b"},"timeout":1000},
				"far":{"type":"remote","url":"https://example.com/mcp","headers":{"X":"y"},"transport":"sse","bearerTokenEnvVar":"T","envHeaders":{"X":"Y"},"enabled":false,"timeoutMs":1000},
				"far, as before":{"type":"http","url":"https://example.com/mcp","timeout":1000}}}`},
		{method: "sessions/create", params: `{"sessionId":"s","agent":"mock"}`, fails: true},
		{method: "sessions/subscribe", params: `{"sessionId":"s","offset":0,"includeRaw":true}`},
		{method: "sessions/sendMessage", params: `{"sessionId":"s","message":"demo","onBusy":"queue","clientMessageId":"c","attachments":[
			{"data":"aGk=","mime":"text/plain","filename":"f"},{"path":"$DIR/file"}]}`},
		{method: "sessions/sendMessageStream", params: `{"sessionId":"s","message":"hello","until":"turn","onBusy":"queue","clientMessageId":"d",
			"includeRaw":true,"attachments":[]}`, wait: "session/streamEnded"},
		{method: "sessions/create", params: `{"sessionId":"p","agent":"mock"}`},
		{method: "sessions/sendMessageStream", params: `{"sessionId":"p","message":"permission"}`, wait: "session/streamEnded"},
		{method: "sessions/get", params: `{"sessionId":"p"}`},
		{method: "permissions/reply", params: `{"sessionId":"p","permissionId":"none","reply":"reject","message":"no"}`, fails: true},
		{method: "sessions/create", params: `{"sessionId":"q","agent":"mock"}`},
		{method: "sessions/sendMessageStream", params: `{"sessionId":"q","message":"question"}`, wait: "session/streamEnded"},
		{method: "sessions/get", params: `{"sessionId":"q"}`},
		{method: "questions/reply", params: `{"sessionId":"q","questionId":"none","answers":[["a"]]}`, fails: true},
		{method: "questions/reject", params: `{"sessionId":"q","questionId":"none","message":"no"}`, fails: true},
		{method: "sessions/list", params: `{"limit":1}`},
		{method: "sessions/list", params: `{"status":"idle","cursor":"odd"}`, fails: true},
		{method: "sessions/update", params: `{"sessionId":"s","title":"other","permissionMode":"default","agentMode":"plan","model":"mock","variant":"high"}`},
		{method: "sessions/events", params: `{"sessionId":"s","offset":1,"limit":5,"includeRaw":true}`},
		{method: "fs/write", params: `{"sessionId":"s","path":"f","content":"aGk=","offset":0}`},
		{method: "fs/read", params: `{"sessionId":"s","path":"f","offset":1,"length":1}`},
		{method: "fs/stat", params: `{"sessionId":"s","path":"f"}`},
		{method: "fs/entries", params: `{"path":".","sessionId":"s"}`},
		{method: "fs/mkdir", params: `{"path":"d","sessionId":"s"}`},
		{method: "fs/move", params: `{"from":"d","to":"e","sessionId":"s","overwrite":true}`},
		{method: "fs/delete", params: `{"path":"e","sessionId":"s","recursive":true}`},
		{method: "fs/upload", params: `{"path":"up","sessionId":"s","content":"$TAR"}`},
		{method: "schema/get", params: `{"format":"openrpc"}`},
		{method: "sessions/unsubscribe", params: `{"subscriptionId":"sub_1"}`, wait: "session/streamEnded"},
		{method: "sessions/interrupt", params: `{"sessionId":"s","turnId":"turn_9","queue":"drop"}`},
		{method: "sessions/terminate", params: `{"sessionId":"s"}`},
		{method: "sessions/delete", params: `{"sessionId":"s"}`},
		{method: "shutdown", params: `{}`},
	}
}

// folder makes what the calls need, and tells what stands for it.
func folder(t *testing.T) (dir string, replace *strings.Replacer) {
	t.Helper()
	dir = t.TempDir()
	skill := filepath.Join(dir, "skills", "singer")
	if err := os.MkdirAll(skill, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		filepath.Join(skill, "SKILL.md"): "---\nname: singer\ndescription: sings\n---\nSing.\n",
		filepath.Join(dir, "file"):       "hi",
	} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var archive bytes.Buffer
	files := tar.NewWriter(&archive)
	if err := errors.Join(files.WriteHeader(&tar.Header{Name: "a", Mode: 0o644}), files.Close()); err != nil {
		t.Fatal(err)
	}
	slashed, err := json.Marshal(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, strings.NewReplacer("$DIR", strings.Trim(string(slashed), `"`), "$TAR", base64.StdEncoding.EncodeToString(archive.Bytes()))
}

// message is anything that the server writes.
type message struct {
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct{ Data json.RawMessage }
}

// unused are members of params and results that the calls don't have, and why.
func unused() map[string]string {
	const program = "only an agent with a program of its own has it"
	const server = "only an agent whose sessions share a server has it"
	return map[string]string{
		"AgentInfo.path":            program,
		"AgentInfo.problem":         program,
		"AgentModel.defaultVariant": "the mock's models have none",
		"AgentInfo.serverStatus":    server,
		"ServerStatus.baseUrl":      server,
		"ServerStatus.lastError":    server,
		"ServerStatus.restartCount": server,
		"ServerStatus.status":       server,
		"ServerStatus.uptimeMs":     server,
	}
}

// All that goes over stdio is what the schema says, in both directions, and
// has every member that it names.
func TestStdioValidates(t *testing.T) {
	validator := newValidator(t)
	w := newWalk(t)
	var roots []string
	look := func(definition string, err error, value []byte) error {
		if err == nil {
			err = validator.Definition(definition, value)
		}
		if err == nil {
			w.text(definition, value)
			roots = append(roots, definition)
		}
		return err
	}
	dir, replace := folder(t)
	client := serveStdio(t, dir)
	lines := bufio.NewReader(client)
	notified := map[string]bool{}
	asked := map[string]bool{}
	for i, c := range calls() {
		asked[c.method] = true
		text := []byte(replace.Replace(c.params))
		params, err := validator.ParamsOf(c.method)
		if err := look(params, err, text); err != nil {
			t.Errorf("params of %s: %v", c.method, err)
		}
		request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": i, "method": c.method, "params": json.RawMessage(text)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Write(append(request, '\n')); err != nil {
			t.Fatal(err)
		}
		for answered, told := false, c.wait == ""; !answered || !told; {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				t.Fatalf("%s: %v", c.method, err)
			}
			var m message
			if err := json.Unmarshal(line, &m); err != nil {
				t.Fatal(err)
			}
			var definition string
			switch {
			case m.Method != "":
				notified[m.Method] = true
				told = told || m.Method == c.wait
				definition, err = validator.ParamsOf(m.Method)
				err = look(definition, err, m.Params)
			case m.Error != nil:
				answered = true
				err = look("Problem", nil, m.Error.Data)
			default:
				answered = true
				definition, err = validator.ResultOf(c.method)
				err = look(definition, err, m.Result)
			}
			if err != nil {
				t.Errorf("%s: %v", c.method, err)
			}
			if m.Method == "" && (m.Error != nil) != c.fails {
				t.Errorf("%s: %s", c.method, line)
			}
		}
	}
	reasons := unused()
	events := w.members("UniversalEvent")
	for _, member := range w.members(roots...) {
		if !w.seen[member] && reasons[member] == "" && !slices.Contains(events, member) {
			t.Errorf("no call has %s", member)
		}
		if w.seen[member] && reasons[member] != "" {
			t.Errorf("%s is seen; its reason can go", member)
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
