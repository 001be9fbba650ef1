package httpbridge_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/httpbridge"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/schema/schematest"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lab is a server with the mock agent and a client of it.
type lab struct {
	t        *testing.T
	url      string
	inMemory bool
	dial     func() (net.Conn, error)
	client   *http.Client
	stop     func() // ends the server and waits
}

// setup is how a lab differs from the usual one.
type setup struct {
	options func(*httpbridge.Options)
	// inMemory makes connections pipes within the process, and leaves out time
	// limits of the client: it is for tests whose time is not the world's.
	inMemory bool
}

// newLab starts a server; change may set options.
func newLab(t *testing.T, change func(*httpbridge.Options)) *lab {
	t.Helper()
	return startLab(t, setup{options: change})
}

func startLab(t *testing.T, how setup) *lab {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
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
	opts := httpbridge.Options{
		Server: rpc.NewServer(rpc.ServerOptions{Sessions: sessions, Version: "test", Logger: logger}),
		Logger: logger, Version: "test", Names: []string{},
	}
	if how.options != nil {
		how.options(&opts)
	}
	listener, dial := listen(t, how.inMemory)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		served <- httpbridge.Serve(ctx, listener, httpbridge.NewHandler(opts), logger, func() {
			if err := sessions.Close(context.Background()); err != nil {
				t.Errorf("close the sessions: %v", err)
			}
		})
	}()
	transport := &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return dial() },
	}
	validator, err := schematest.New()
	if err != nil {
		t.Fatal(err)
	}
	// Of floods, the beginning is enough.
	checked := &schematest.Transport{TB: t, Validator: validator, Base: transport, Events: 500}
	l := &lab{t: t, url: "http://" + listener.Addr().String(), inMemory: how.inMemory, dial: dial, client: &http.Client{Transport: checked}}
	stopped := false
	l.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		transport.CloseIdleConnections()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(l.stop)
	return l
}

// listen returns a listener and what connects with it.
func listen(t *testing.T, inMemory bool) (net.Listener, func() (net.Conn, error)) {
	t.Helper()
	if inMemory {
		l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		return l, l.dial
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	return listener, func() (net.Conn, error) { return net.Dial("tcp", address) }
}

// pipeListener is a listener whose connections are pipes: they hold nothing,
// so that what a reader doesn't take, the server has not written.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) dial() (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "localhost" }

// request describes a request; strings starting with { are JSON bodies.
type request struct {
	verb, path string
	body       string
	header     map[string]string
	host       string
}

// do sends a request. The caller closes the response's body.
func (l *lab) do(req request) *http.Response {
	l.t.Helper()
	ctx := l.t.Context()
	if !l.inMemory {
		limited, cancel := context.WithTimeout(ctx, time.Minute) // a safety net
		l.t.Cleanup(cancel)
		ctx = limited
	}
	r, err := http.NewRequestWithContext(ctx, req.verb, l.url+req.path, strings.NewReader(req.body))
	if err != nil {
		l.t.Fatal(err)
	}
	if strings.HasPrefix(req.body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range req.header {
		r.Header.Set(name, value)
	}
	if req.host != "" {
		r.Host = req.host
	}
	resp, err := l.client.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	return resp
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (l *lab) ask(req request) answer {
	l.t.Helper()
	resp := l.do(req)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, body}
}

// must asks for something that works, and decodes the answer into result.
func (l *lab) must(verb, path, body string, result any) {
	l.t.Helper()
	got := l.ask(request{verb: verb, path: path, body: body})
	if got.status/100 != 2 {
		l.t.Fatalf("%s %s: %d %s", verb, path, got.status, got.body)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(got.body, result); err != nil {
		l.t.Fatalf("%s %s: %v in %s", verb, path, err, got.body)
	}
}

func (l *lab) create(id string) {
	l.t.Helper()
	l.must("POST", "/v1/sessions/"+id, `{"agent":"mock"}`, nil)
}

// wantProblem checks that an answer is a problem document of a kind.
func wantProblem(t *testing.T, got answer, kind universal.ErrorKind) rpc.Problem {
	t.Helper()
	var problem rpc.Problem
	if err := json.Unmarshal(got.body, &problem); err != nil {
		t.Fatalf("%d %q is no problem document: %v", got.status, got.body, err)
	}
	info := rpc.LookupError(kind)
	if problem.Kind() != kind || got.status != info.Status || problem.Status != info.Status || problem.Title != info.Title {
		t.Errorf("got %d %s, want %d %s", got.status, got.body, info.Status, kind)
	}
	if ct := got.header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type = %q", ct)
	}
	return problem
}

// reader reads server-sent events.
type reader struct {
	t     *testing.T
	resp  *http.Response
	lines *bufio.Reader
	// comments counts the comments between events.
	comments int
}

// open begins to read a stream; the test's end closes it.
func (l *lab) open(req request) *reader {
	l.t.Helper()
	resp := l.do(req)
	l.t.Cleanup(func() { resp.Body.Close() })
	if ct := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || ct != "text/event-stream" {
		body, _ := io.ReadAll(resp.Body)
		l.t.Fatalf("%s: %d %s %s", req.path, resp.StatusCode, ct, body)
	}
	return &reader{t: l.t, resp: resp, lines: bufio.NewReaderSize(resp.Body, 64<<10)}
}

// next returns the next event, or ok false at the end of the stream.
func (r *reader) next() (id uint64, data []byte, ok bool) {
	r.t.Helper()
	for {
		line, err := r.lines.ReadBytes('\n')
		if err != nil {
			if len(line) > 0 || data != nil {
				r.t.Errorf("the stream ends within an event: %q", line)
			}
			return 0, nil, false
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case len(line) == 0 && data != nil:
			return id, data, true
		case len(line) == 0:
		case line[0] == ':':
			r.comments++
		case string(name) == "id":
			if id, err = strconv.ParseUint(string(value), 10, 64); err != nil {
				r.t.Errorf("id: %v", err)
			}
		case string(name) == "data" && data == nil:
			data = bytes.Clone(value)
		default:
			r.t.Errorf("unexpected line %q", line)
		}
	}
}

// event returns the next event decoded. Its id must be its sequence number.
func (r *reader) event() (universal.Event, bool) {
	r.t.Helper()
	id, data, ok := r.next()
	if !ok {
		return universal.Event{}, false
	}
	var ev universal.Event
	if err := json.Unmarshal(data, &ev); err != nil {
		r.t.Fatalf("%v in %s", err, data)
	}
	if ev.Sequence != id {
		r.t.Errorf("id %d on event %d", id, ev.Sequence)
	}
	return ev, true
}

// until reads events up to one of a type.
func (r *reader) until(last universal.EventType) []universal.Event {
	r.t.Helper()
	var events []universal.Event
	for {
		ev, ok := r.event()
		if !ok {
			r.t.Fatalf("the stream ended without %s after %d events", last, len(events))
		}
		events = append(events, ev)
		if ev.Type == last {
			return events
		}
	}
}

// message is the body that sends a text.
func message(format string, args ...any) string {
	text, err := json.Marshal(fmt.Sprintf(format, args...))
	if err != nil {
		panic(err)
	}
	return `{"message":` + string(text) + `}`
}
