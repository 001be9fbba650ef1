package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/remote"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/stdio"
	"github.com/sandbox-agent/sandbox-agent/schema/schematest"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// TestTransportsAgree makes the same calls over stdio, in both framings, and
// over HTTP: results, errors and event streams are the same. Every method that
// HTTP has is among them.
func TestTransportsAgree(t *testing.T) {
	lines := transcript(t, func(t *testing.T, dir string) transport { return overStdio(t, dir, stdio.FramingLine) })
	for name, open := range map[string]func(*testing.T, string) transport{
		"headers": func(t *testing.T, dir string) transport { return overStdio(t, dir, stdio.FramingHeader) },
		"http":    overHTTP,
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(lines, transcript(t, open)); diff != "" {
				t.Errorf("lines on stdio (-) and %s (+) differ:\n%s", name, diff)
			}
		})
	}
	called := map[string]bool{}
	for _, step := range transportSteps("") {
		called[step.method] = true
	}
	for _, m := range rpc.Table() {
		if len(m.Paths) > 0 && !called[m.Name] {
			t.Errorf("%s is not among the steps", m.Name)
		}
	}
}

// transportStep is a call. A streaming one is read up to an event of this type; the
// others of a session are read to the end of the stream.
type transportStep struct {
	method string
	params remote.Params
	until  universal.EventType
}

// transportSteps walk through the whole table, with what goes wrong.
func transportSteps(dir string) []transportStep {
	in := func(more remote.Params) remote.Params {
		params := remote.Params{"sessionId": "a/b c"}
		for name, value := range more {
			params[name] = value
		}
		return params
	}
	return []transportStep{
		{method: "health"},
		{method: "agents/list"},
		{method: "agents/modes", params: remote.Params{"agent": "mock"}},
		{method: "agents/models", params: remote.Params{"agent": "mock"}},
		{method: "agents/models", params: remote.Params{"agent": "none"}},
		{method: "agents/install", params: remote.Params{"agent": "mock"}},
		{method: "agents/install", params: remote.Params{"agent": "none"}},
		{method: "sessions/create", params: in(remote.Params{"agent": "mock", "agentMode": "default", "directory": dir, "title": "t"})},
		{method: "sessions/create", params: in(remote.Params{"agent": "mock"})},
		{method: "sessions/create", params: remote.Params{"sessionId": "x", "agent": "mock", "permissionMode": "odd"}},
		{method: "sessions/create", params: remote.Params{"sessionId": "x"}},
		{method: "sessions/sendMessage", params: in(remote.Params{"message": "hello"})},
		{method: "sessions/subscribe", params: in(remote.Params{"offset": 0}), until: universal.TypeTurnEnded},
		{method: "sessions/sendMessageStream", params: in(remote.Params{"message": "hello again"})},
		{method: "sessions/sendMessageStream", params: in(remote.Params{"message": "permission"})},
		{method: "sessions/get", params: in(nil)},
		{method: "permissions/reply", params: in(remote.Params{"permissionId": "mock_3_permission", "reply": "once"})},
		{method: "permissions/reply", params: in(remote.Params{"permissionId": "mock_3_permission", "reply": "once"})},
		{method: "permissions/reply", params: in(remote.Params{"permissionId": "mock_3_permission_denied", "reply": "perhaps"})},
		{method: "permissions/reply", params: in(remote.Params{"permissionId": "mock_3_permission_denied", "reply": "reject", "message": "no"})},
		{method: "sessions/subscribe", params: in(remote.Params{"offset": 20}), until: universal.TypeTurnEnded},
		{method: "sessions/sendMessageStream", params: in(remote.Params{"message": "question"})},
		{method: "questions/reply", params: in(remote.Params{"questionId": "none", "answers": [][]string{{"Yes"}}})},
		{method: "questions/reject", params: in(remote.Params{"questionId": "none"})},
		{method: "sessions/interrupt", params: in(nil)},
		{method: "sessions/update", params: in(remote.Params{"title": "other"})},
		{method: "sessions/update", params: in(remote.Params{"agentMode": "odd"})},
		{method: "sessions/events", params: in(remote.Params{"offset": 2, "limit": 3})},
		{method: "sessions/events", params: in(remote.Params{"includeRaw": true})},
		{method: "sessions/events", params: in(remote.Params{"limit": 0})},
		{method: "sessions/events", params: in(remote.Params{"offset": 100000})},
		{method: "fs/write", params: in(remote.Params{"path": "d/f", "content": []byte("some\x00bytes")})},
		{method: "fs/read", params: in(remote.Params{"path": "d/f"})},
		{method: "fs/read", params: in(remote.Params{"path": "../f"})},
		{method: "fs/stat", params: in(remote.Params{"path": "d/f"})},
		{method: "fs/mkdir", params: in(remote.Params{"path": "e"})},
		{method: "fs/move", params: in(remote.Params{"from": "d/f", "to": "e/g"})},
		{method: "fs/upload", params: in(remote.Params{"path": "up", "content": archiveOf("a", "b")})},
		{method: "fs/upload", params: in(remote.Params{"path": "up", "content": archiveOf("../a")})},
		{method: "fs/entries", params: in(remote.Params{"path": "up"})},
		{method: "fs/delete", params: in(remote.Params{"path": "e"})},
		{method: "fs/delete", params: in(remote.Params{"path": "e", "recursive": true})},
		{method: "schema/get"},
		{method: "schema/get", params: remote.Params{"format": "openrpc"}},
		{method: "schema/get", params: remote.Params{"format": "yaml"}},
		{method: "sessions/list"},
		{method: "sessions/list", params: remote.Params{"status": "odd"}},
		{method: "sessions/terminate", params: in(nil)},
		{method: "sessions/sendMessage", params: in(remote.Params{"message": "too late"})},
		{method: "sessions/delete", params: in(nil)},
		{method: "sessions/get", params: in(nil)},
		{method: "sessions/subscribe", params: in(nil)},
	}
}

// archiveOf is an archive of files that hold their names.
func archiveOf(names ...string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		_ = w.WriteHeader(&tar.Header{Name: name, Size: int64(len(name)), Mode: 0o644})
		_, _ = io.WriteString(w, name)
	}
	_ = w.Close()
	return b.Bytes()
}

// transport makes calls. Results are JSON; errors are *universal.Error.
type transport interface {
	call(t *testing.T, m rpc.Method, params remote.Params) (json.RawMessage, error)
	// events reads a stream up to an event of a type, or to its end for "".
	events(t *testing.T, m rpc.Method, params remote.Params, until universal.EventType) ([]json.RawMessage, error)
}

// transcript is what came of all steps, as texts that don't depend on when and
// where they were made.
func transcript(t *testing.T, open func(*testing.T, string) transport) []string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	methods := map[string]rpc.Method{}
	for _, m := range rpc.Table() {
		methods[m.Name] = m
	}
	over := open(t, dir)
	var all []string
	for _, s := range transportSteps(dir) {
		m := methods[s.method]
		var parts []json.RawMessage
		var err error
		if m.Streams {
			parts, err = over.events(t, m, s.params, s.until)
			checkParts(t, s.method, parts)
		} else {
			var result json.RawMessage
			result, err = over.call(t, m, s.params)
			parts = []json.RawMessage{result}
		}
		if err != nil {
			problem, _ := rpc.ProblemOf(err)
			text, marshalErr := json.Marshal(problem)
			if marshalErr != nil {
				t.Fatal(marshalErr)
			}
			parts = []json.RawMessage{text}
		}
		all = append(all, "> "+s.method)
		for _, part := range parts {
			all = append(all, timeless(t, part, dir))
		}
	}
	return all
}

// checkParts makes sure that what a stream brought is of a stream.
func checkParts(t *testing.T, method string, parts []json.RawMessage) {
	t.Helper()
	var last uint64
	for _, part := range parts {
		var ev universal.Event
		if err := json.Unmarshal(part, &ev); err != nil {
			t.Fatalf("%s: %v in %s", method, err, part)
		}
		if last != 0 && ev.Sequence != last+1 {
			t.Errorf("%s: event %d after %d", method, ev.Sequence, last)
		}
		last = ev.Sequence
	}
}

var times = regexp.MustCompile(`"(time|modified|createdAt|updatedAt|duration_ms|uptimeMs)":("[^"]*"|\d+)`)

// timeless is JSON with sorted members, without times and the directory.
func timeless(t *testing.T, text json.RawMessage, dir string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	sorted, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	out := times.ReplaceAllString(string(sorted), `"$1":0`)
	return strings.ReplaceAll(out, dir, "DIR")
}

// lasting keeps a program until the test's cleanup ends it, and not only to
// the end of the test's context, which comes before.
func lasting(cmd *exec.Cmd) *exec.Cmd {
	cmd.Cancel = func() error { return os.ErrProcessDone }
	return cmd
}

// --- stdio

// stdioTransport keeps what streams bring until it is read.
type stdioTransport struct {
	client *stdio.Client

	mu      sync.Mutex // guards all below
	news    *sync.Cond
	streams map[string]*notified
}

// notified is what came of a stream, all that its client has seen.
type notified struct {
	parts []json.RawMessage
	ended bool
}

func overStdio(t *testing.T, dir string, framing stdio.Framing) transport {
	t.Helper()
	cmd := lasting(program(t, "stdio"))
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe() // unlike StdoutPipe, it stays readable after Wait
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	if err := errors.Join(cmd.Start(), w.Close()); err != nil {
		t.Fatal(err)
	}
	s := &stdioTransport{streams: map[string]*notified{}}
	s.news = sync.NewCond(&s.mu)
	s.client = stdio.NewClient(stdio.Join(r, stdin), stdio.ClientOptions{Framing: framing, OnNotification: s.take})
	t.Cleanup(func() {
		if err := errors.Join(s.client.Close(), cmd.Wait()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *stdioTransport) take(method string, text json.RawMessage) {
	var p struct {
		SubscriptionID string
		Event          *universal.Event
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return // the step that waits for it fails
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.streams[p.SubscriptionID]
	if n == nil {
		n = &notified{}
		s.streams[p.SubscriptionID] = n
	}
	switch {
	case method == "session/streamEnded":
		n.ended = true
	case p.Event != nil:
		if part, err := json.Marshal(p.Event); err == nil {
			n.parts = append(n.parts, part)
		}
	}
	s.news.Broadcast()
}

func (s *stdioTransport) call(t *testing.T, m rpc.Method, params remote.Params) (json.RawMessage, error) {
	t.Helper()
	var result json.RawMessage
	if err := s.client.Call(t.Context(), m.Name, params, &result); err != nil {
		return nil, answered(t, err)
	}
	if m.Name == "fs/read" { // over HTTP a file is what it is
		var piece rpc.FSReadResult
		if err := json.Unmarshal(result, &piece); err != nil {
			t.Fatal(err)
		}
		return json.Marshal(piece.Content)
	}
	return result, nil
}

// answered is the error that the bridge answered with.
func answered(t *testing.T, err error) error {
	t.Helper()
	wire, ok := errors.AsType[*jsonrpc2.Error](err)
	var p rpc.Problem
	if !ok || wire.Data == nil || json.Unmarshal(*wire.Data, &p) != nil {
		t.Fatal(err)
	}
	return &universal.Error{Kind: p.Kind(), Detail: p.Detail, Agent: p.Agent, SessionID: p.SessionID, Details: p.Details}
}

func (s *stdioTransport) events(t *testing.T, m rpc.Method, params remote.Params, until universal.EventType) ([]json.RawMessage, error) {
	t.Helper()
	var subscribed struct{ SubscriptionID string }
	if err := s.client.Call(t.Context(), m.Name, params, &subscribed); err != nil {
		return nil, answered(t, err)
	}
	late := false
	timer := time.AfterFunc(patience, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		late = true
		s.news.Broadcast()
	})
	defer timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		n := s.streams[subscribed.SubscriptionID]
		switch {
		case late:
			t.Fatalf("%s: the stream neither ends nor has %s", m.Name, until)
		case n == nil:
		case n.ended && until == "":
			return n.parts, nil
		case until != "":
			if i := slices.IndexFunc(n.parts, func(part json.RawMessage) bool { return typeOf(part) == until }); i >= 0 {
				return n.parts[:i+1], nil
			}
		}
		s.news.Wait()
	}
}

// typeOf is the type of an encoded event.
func typeOf(part json.RawMessage) universal.EventType {
	var ev universal.Event
	if json.Unmarshal(part, &ev) != nil {
		return ""
	}
	return ev.Type
}

// --- HTTP

type httpTransport struct{ client *remote.Client }

func overHTTP(t *testing.T, dir string) transport {
	t.Helper()
	url, _ := startServer(t, dir)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	validator, err := schematest.New()
	if err != nil {
		t.Fatal(err)
	}
	checked := &schematest.Transport{TB: t, Validator: validator, Base: transport}
	return httpTransport{&remote.Client{Endpoint: url, HTTP: &http.Client{Transport: checked}}}
}

// startServer starts a server on a free port, in a directory. It is ended with
// the test, and must then say that all went well.
func startServer(t *testing.T, dir string) (url string, server *exec.Cmd) {
	t.Helper()
	cmd := lasting(program(t, "server", "--port", "0", "--install-missing=false"))
	cmd.Dir = dir
	url, drained := listening(t, cmd)
	t.Cleanup(func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		drained.Wait()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return url, cmd
}

// listening starts a server and waits for its address. Its log is read until it
// has ended.
func listening(t *testing.T, cmd *exec.Cmd) (url string, drained *sync.WaitGroup) {
	t.Helper()
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(log)
	first, err := lines.ReadBytes('\n')
	var said struct{ URL string }
	if err != nil || json.Unmarshal(first, &said) != nil || said.URL == "" {
		t.Fatalf("the server says %q, %v", first, err)
	}
	drained = &sync.WaitGroup{}
	drained.Go(func() { _, _ = io.Copy(io.Discard, lines) }) // ends with the server
	return said.URL, drained
}

func (h httpTransport) call(t *testing.T, m rpc.Method, params remote.Params) (json.RawMessage, error) {
	t.Helper()
	rest := remote.Params{}
	for name, value := range params {
		rest[name] = value
	}
	var file *remote.Upload
	if content, ok := rest["content"].([]byte); ok {
		delete(rest, "content")
		file = &remote.Upload{ContentType: "application/x-tar", File: bytes.NewReader(content)}
	}
	resp, err := h.client.Do(t.Context(), m, rest, file)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case m.Name == "fs/read":
		return json.Marshal(body)
	case resp.Header.Get("Turn-Id") != "":
		sequence, err := strconv.ParseUint(resp.Header.Get("Event-Sequence"), 10, 64)
		if err != nil || resp.StatusCode != http.StatusNoContent {
			t.Errorf("%s: %d, Event-Sequence %v", m.Name, resp.StatusCode, err)
		}
		return json.Marshal(map[string]any{"turnId": resp.Header.Get("Turn-Id"), "sequence": sequence})
	case resp.StatusCode == http.StatusNoContent:
		return json.RawMessage("{}"), nil
	default:
		return body, nil
	}
}

func (h httpTransport) events(t *testing.T, m rpc.Method, params remote.Params, until universal.EventType) ([]json.RawMessage, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	resp, err := h.client.Do(ctx, m, params, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	enough := errors.New("enough")
	var parts []json.RawMessage
	err = remote.EachEvent(resp.Body, func(data []byte) error {
		var ev universal.Event
		if err := json.Unmarshal(data, &ev); err != nil {
			return err
		}
		text, err := json.Marshal(&ev) // as the client on stdio has it
		if err != nil {
			return err
		}
		parts = append(parts, text)
		if ev.Type == until {
			return enough
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		t.Fatalf("%s: %v", m.Name, err)
	}
	return parts, nil
}
