package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// fake is a process that says where a server listens, and ends when it is
// stopped.
type fake struct {
	lines chan string
	once  sync.Once
	done  chan struct{}
	dying atomic.Bool
}

func newFake(lines ...string) *fake {
	f := &fake{lines: make(chan string, len(lines)), done: make(chan struct{})}
	for _, line := range lines {
		f.lines <- line
	}
	return f
}

func (f *fake) PID() int    { return 1 }
func (f *fake) Dying() bool { return f.dying.Load() }

func (f *fake) ReadLine() ([]byte, bool, error) {
	select {
	case line := <-f.lines:
		return []byte(line), false, nil
	default:
	}
	select {
	case line := <-f.lines:
		return []byte(line), false, nil
	case <-f.done:
		return nil, false, io.EOF
	}
}

func (f *fake) Checkpoint() process.Checkpoint { return process.Checkpoint{} }
func (f *fake) KillSince(context.Context, process.Checkpoint) (int, error) {
	return 0, nil
}
func (f *fake) KillMarked(context.Context, string, process.Checkpoint) (int, error) {
	return 0, nil
}
func (f *fake) Stop(ctx context.Context, goodbye func(context.Context) error) error {
	var err error
	f.once.Do(func() {
		if goodbye != nil {
			err = goodbye(ctx)
		}
		close(f.done)
	})
	return err
}
func (f *fake) Done() <-chan struct{} { return f.done }
func (f *fake) Exit() process.Exit    { return process.Exit{} }

const password = "made-up"

// agent is a server as OpenCode's is. Each connection of the event stream gets
// the next of the scripts: its events, and then nothing until the test ends, or
// the end if the last event is "end".
type agent struct {
	server   *httptest.Server
	scripts  chan []string
	disposed chan struct{}
	ended    chan struct{} // closed at /end-turns
	left     bool
}

// leave ends the server and its connections.
func (a *agent) leave() {
	a.left = true
	_ = a.server.Listener.Close() // Close of the server would wait for the stream
	a.server.CloseClientConnections()
}

func (a *agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if user, word, _ := r.BasicAuth(); user != "opencode" || word != password {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch r.URL.Path {
	case "/global/event":
		w.Header().Set("Content-Type", "text/event-stream")
		for _, text := range <-a.scripts {
			if text == "end" {
				return
			}
			fmt.Fprintf(w, "data: %s\n\n", text)
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	case "/global/dispose":
		close(a.disposed)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "true")
	case "/empty":
		w.WriteHeader(http.StatusNoContent)
	case "/page":
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>")
	case "/broken":
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{")
	case "/long":
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `"`+strings.Repeat("x", 4096)+`"`)
	case "/turn":
		<-a.ended
		w.WriteHeader(http.StatusNoContent)
	case "/end-turns":
		close(a.ended)
		w.WriteHeader(http.StatusNoContent)
	case "/hang-up":
		panic(http.ErrAbortHandler)
	case "/wrong":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"name":"BadRequest"}`)
	default:
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"method":%q,"directory":%q,"body":%q}`, r.Method, r.URL.Query().Get("directory"), body)
	}
}

func connect(t *testing.T, opts Options, scripts ...[]string) (*Conn, *agent) {
	t.Helper()
	a := &agent{scripts: make(chan []string, len(scripts)), disposed: make(chan struct{}), ended: make(chan struct{})}
	for _, s := range scripts {
		a.scripts <- s
	}
	server := httptest.NewServer(a)
	a.server = server
	t.Cleanup(func() {
		server.CloseClientConnections()
		close(a.scripts)
		server.Close()
	})
	opts.Password = password
	c, err := Connect(t.Context(), newFake("Warning: something", "opencode server listening on "+server.URL), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background(), nil); err != nil && !a.left { // else it can't be told
			t.Errorf("stop: %v", err)
		}
		for range c.lines {
		}
	})
	return c, a
}

func read(t *testing.T, c *Conn) string {
	t.Helper()
	text, _, err := c.ReadLine()
	if err != nil {
		return "error: " + err.Error()
	}
	return string(text)
}

func TestRequests(t *testing.T) {
	c, _ := connect(t, Options{MaxLine: 1024}, []string{`{}`})
	if got := read(t, c) + read(t, c); got != `{"stream":"up"}{"event":{}}` {
		t.Fatalf("the stream begins with %s", got)
	}
	for _, test := range []struct{ line, want string }{
		{`{"id":1,"method":"GET","path":"/empty"}`, `{"id":1,"status":204}`},
		{`{"id":2,"method":"POST","path":"/echo","query":{"directory":"/a b"},"body":{"x":1}}`,
			`{"id":2,"status":200,"body":{"method":"POST","directory":"/a b","body":"{\"x\":1}"}}`},
		{`{"id":3,"method":"GET","path":"/page"}`, `{"id":3,"status":404,"error":"the server has no such route"}`},
		{`{"id":4,"method":"GET","path":"/broken"}`, `{"id":4,"status":200,"error":"the answer is no JSON"}`},
		{`{"id":5,"method":"GET","path":"/long"}`, `{"id":5,"status":200,"error":"the answer has more than 1024 bytes"}`},
		{`{"id":6,"method":"GET","path":"/wrong"}`, `{"id":6,"status":400,"body":{"name":"BadRequest"}}`},
	} {
		if err := c.Write([]byte(test.line + "\n")); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, read(t, c)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.line, diff)
		}
	}
	if err := c.Write([]byte("no JSON\n")); err == nil {
		t.Error("a line that is no JSON is taken")
	}
}

// Of a request that nobody was there for it is told that the server got nothing,
// of others it is not.
func TestUnsentRequests(t *testing.T) {
	c, a := connect(t, Options{}, []string{`{}`})
	read(t, c)
	read(t, c)
	ask := func(path string) answer {
		t.Helper()
		if err := c.Write([]byte(`{"id":1,"method":"POST","path":"` + path + `"}` + "\n")); err != nil {
			t.Fatal(err)
		}
		for {
			var got answer
			if err := json.Unmarshal([]byte(read(t, c)), &got); err != nil {
				t.Fatal(err)
			}
			if got.ID == 1 { // and not the state of the stream
				return got
			}
		}
	}
	if got := ask("/hang-up"); got.Error == "" || got.Unsent {
		t.Errorf("a request whose connection breaks gives %+v", got)
	}
	c.Process.(*fake).dying.Store(true)
	if err := c.Write([]byte(`{"id":2,"method":"POST","path":"/echo"}` + "\n")); !errors.Is(err, process.ErrExited) {
		t.Errorf("a request to a server that dies gives %v", err)
	}
	c.Process.(*fake).dying.Store(false)
	a.leave()
	if got := ask("/echo"); got.Error == "" || !got.Unsent {
		t.Errorf("a request to a server that is gone gives %+v", got)
	}
}

// What breaks off is connected again, and both is told; events nobody wants and
// such that are too long are not read.
func TestStream(t *testing.T) {
	c, a := connect(t, Options{
		MaxLine: 100,
		Drop:    func(event []byte) bool { return strings.Contains(string(event), "heartbeat") },
	},
		[]string{`{"a":1}`, `"heartbeat"`, `"` + strings.Repeat("x", 70_000) + `"`, `{"a":2}`, "end"},
		[]string{`{"a":3}`},
	)
	var got []string
	for range 7 {
		got = append(got, read(t, c))
	}
	want := []string{
		`{"stream":"up"}`, `{"event":{"a":1}}`, "error: " + process.ErrLineTooLong.Error(), `{"event":{"a":2}}`,
		`{"stream":"down","error":"EOF"}`, `{"stream":"up"}`, `{"event":{"a":3}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if err := c.Stop(t.Context(), nil); err != nil {
		t.Errorf("stop: %v", err)
	}
	select {
	case <-a.disposed:
	default:
		t.Error("the server was not told to end its turns")
	}
	if _, _, err := c.ReadLine(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end ReadLine gives %v", err)
	}
	if err := c.Write([]byte(`{"id":9,"method":"GET","path":"/empty"}` + "\n")); !errors.Is(err, process.ErrExited) {
		t.Errorf("after the end Write gives %v", err)
	}
}

func TestSilence(t *testing.T) {
	c, _ := connect(t, Options{Silence: 50 * time.Millisecond}, []string{`1`}, []string{`2`, `3`, "end"}, []string{`4`})
	var got []string
	for range 4 {
		got = append(got, read(t, c))
	}
	want := []string{`{"stream":"up"}`, `{"event":1}`, `{"stream":"down","error":"the event stream is silent"}`, `{"stream":"up"}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestConnectFails(t *testing.T) {
	for name, test := range map[string]struct {
		process *fake
		want    error
	}{
		"it ends": {newFake("nothing of interest"), ErrNotReady},
	} {
		test.process.once.Do(func() { close(test.process.done) })
		if _, err := Connect(t.Context(), test.process, Options{}); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Connect(ctx, newFake(), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: error %v", err)
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("data: {}\n\ndata:1\ndata: 2\r\n\r\n: comment\nevent: x\n\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		e := newEvents(strings.NewReader(string(stream)), 64)
		for {
			event, err := e.next()
			if err != nil && !errors.Is(err, process.ErrLineTooLong) {
				return
			}
			if len(event) > 64+len(stream) {
				t.Fatalf("an event of %d bytes", len(event))
			}
		}
	})
}

// Requests that are answered at the end of a turn don't keep others from being
// made, such as those that end the turn.
func TestManyLongRequests(t *testing.T) {
	c, _ := connect(t, Options{}, []string{`{}`})
	read(t, c)
	read(t, c)
	const turns = 200
	for id := range turns {
		if err := c.Write(fmt.Appendf(nil, `{"id":%d,"method":"POST","path":"/turn"}`+"\n", id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Write([]byte(`{"id":1000,"method":"POST","path":"/end-turns"}` + "\n")); err != nil {
		t.Fatal(err)
	}
	for range turns + 1 {
		var got answer
		if err := json.Unmarshal([]byte(read(t, c)), &got); err != nil || got.Status != http.StatusNoContent {
			t.Fatalf("a request gives %+v (%v)", got, err)
		}
	}
}
