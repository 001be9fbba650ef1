package httpbridge_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/httpbridge"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// wire is a connection on which a test writes what no client library would.
type wire struct {
	t    *testing.T
	conn net.Conn
	buf  *bufio.Reader
}

// wire connects, and writes a text.
func (l *lab) wire(text string) *wire {
	l.t.Helper()
	conn, err := l.dial()
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { conn.Close() })
	if !l.inMemory { // a safety net: no outcome depends on it
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			l.t.Fatal(err)
		}
	}
	w := &wire{t: l.t, conn: conn, buf: bufio.NewReader(conn)}
	w.write(text)
	return w
}

// write writes a text; a server that has had enough may not take it.
func (w *wire) write(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w.conn, text); err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		w.t.Fatal(err)
	}
}

// answer reads the next response.
func (w *wire) answer() answer {
	w.t.Helper()
	resp, err := http.ReadResponse(w.buf, nil)
	if err != nil {
		w.t.Fatalf("read the response: %v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("read the response's body: %v", err)
	}
	return answer{resp.StatusCode, resp.Header, body}
}

// wantOver checks that the server says no more and closes the connection.
func (w *wire) wantOver() {
	w.t.Helper()
	rest, err := io.ReadAll(w.buf)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.t.Errorf("the connection stays open")
	}
	if len(rest) > 0 {
		w.t.Errorf("more came: %.200q", rest)
	}
}

// What is too large is refused for what it announces, and what doesn't say how
// large it is as soon as it is too large.
func TestHugeBodies(t *testing.T) {
	const limit, announced = 1 << 20, 1 << 30
	l := newLab(t, func(o *httpbridge.Options) { o.MaxBodyBytes = limit })
	head := "POST /v1/sessions/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

	w := l.wire(head + fmt.Sprintf("Content-Length: %d\r\n\r\n", announced))
	wantProblem(t, w.answer(), universal.KindPayloadTooLarge) // and not a byte of it was sent
	w.wantOver()

	before := liveHeap()
	w = l.wire(head + "Transfer-Encoding: chunked\r\n\r\n")
	sent := make(chan int64, 1)
	go func() { // ends when the server closes
		chunk := "10000\r\n" + strings.Repeat(" ", 0x10000) + "\r\n"
		n := int64(0)
		for n < announced {
			written, err := io.WriteString(w.conn, chunk)
			n += int64(written)
			if err != nil {
				break
			}
		}
		sent <- n
	}()
	wantProblem(t, w.answer(), universal.KindPayloadTooLarge)
	w.conn.Close()
	if n := <-sent; n > announced/4 {
		t.Errorf("%d bytes were taken", n)
	}
	if grown := liveHeap() - before; grown > 8*limit {
		t.Errorf("%d bytes are held", grown)
	}
	l.must("GET", "/v1/health", "", nil)
}

// What isn't a request, or could be taken for two different ones, is refused
// and ends the connection: nothing of it is carried out.
func TestSmuggling(t *testing.T) {
	const inner = "POST /v1/sessions/smuggled HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"agent\":\"mock\"}"
	head := "POST /v1/sessions/outer/terminate HTTP/1.1\r\nHost: localhost\r\n"
	for name, tt := range map[string]struct {
		text   string
		status int
	}{
		"both lengths": {head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner, 404},
		"two lengths":  {head + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + inner, 400},
		"list of lengths": {
			head + "Content-Length: 0, 5\r\n\r\n" + inner, 400,
		},
		"signed length":          {head + "Content-Length: +0\r\n\r\n" + inner, 400},
		"unknown encoding":       {head + "Transfer-Encoding: cow\r\n\r\n" + inner, 501},
		"two encodings":          {head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + inner, 501},
		"space before the colon": {head + "Content-Length : 5\r\n\r\n" + inner, 400},
		"folded header":          {head + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 404},
		"bad chunk":              {head + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + inner, 400},
		"endless chunk size":     {head + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("0", 5000) + "\r\n" + inner, 400},
		"chunk extensions":       {head + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2;" + strings.Repeat("x", 5000) + "\r\n{}\r\n0\r\n\r\n", 400},
		"two hosts":              {"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400},
		"no host":                {"GET /v1/health HTTP/1.1\r\n\r\n", 400},
		"host with a path":       {"GET /v1/health HTTP/1.1\r\nHost: localhost/evil\r\n\r\n", 400},
		"garbage":                {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
		"HTTP/2":                 {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404},
		"expectation":            {head + "Expect: more\r\nContent-Length: 2\r\n\r\n{}" + inner, 417},
		"HTTP/9":                 {"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 505},
		"line end in the path":   {"GET /v1/health\rX: y HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
		"header flood":           {"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X: y\r\n", 20_000) + "\r\n", 431},
		"long header":            {"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("y", 100<<10) + "\r\n\r\n", 431},
		"long path":              {"GET /v1/" + strings.Repeat("x", 100<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 431},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, nil)
			w := l.wire(tt.text)
			got := w.answer()
			if got.status != tt.status {
				t.Errorf("%d %.200s, want %d", got.status, got.body, tt.status)
			}
			var problem rpc.Problem
			if err := json.Unmarshal(got.body, &problem); err != nil || problem.Status != tt.status || problem.Kind() == "" || problem.Detail == "" || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("it is no problem document: %s %.200s", got.header.Get("Content-Type"), got.body)
			}
			w.conn.Close()
			var list struct{ Sessions []any }
			if l.must("GET", "/v1/sessions", "", &list); len(list.Sessions) > 0 {
				t.Error("the inner request was carried out")
			}
		})
	}
}

// A refusal is put in other words only where net/http wrote it: a file that
// looks like one arrives as it is, wherever a piece of it begins.
func TestAnswersAreNotTouched(t *testing.T) {
	l := newLab(t, nil)
	dir, at := place(t, l)
	line := "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
	file := bytes.Repeat([]byte(line+strings.Repeat(" ", 128-len(line))), 4096) // at every boundary
	if err := os.WriteFile(filepath.Join(dir, "f"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	get := "GET /v1/fs/file" + at("f") + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
	w := l.wire(get + get + "garbage\r\n\r\n")
	for range 2 {
		if got := w.answer(); got.status != 200 || !bytes.Equal(got.body, file) {
			t.Errorf("%d, %d bytes of %d", got.status, len(got.body), len(file))
		}
	}
	wantProblem(t, w.answer(), universal.KindInvalidRequest)
	w.wantOver()
}

// Many that send large bodies at a time take no more than their share of memory,
// and keep out no small ones.
func TestManyLargeBodies(t *testing.T) {
	const limit, places = 1 << 20, 4
	// What was written to a pipe has been read.
	l := startLab(t, setup{inMemory: true, options: func(o *httpbridge.Options) { o.MaxBodyBytes = limit }})
	l.create("s")
	head := fmt.Sprintf("POST /v1/sessions/s/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", limit)
	body := `{"message":"` + strings.Repeat("x", limit-14) + `"}`
	var slow []*wire
	for range places {
		slow = append(slow, l.wire(head+body[:limit-1]))
	}
	late := l.wire(head)
	var sending sync.WaitGroup
	sending.Go(func() { _, _ = io.WriteString(late.conn, body) }) // ends when the server closes
	got := late.answer()
	if problem := wantProblem(t, got, universal.KindTimeout); !strings.Contains(problem.Detail, "again") || got.header.Get("Retry-After") == "" {
		t.Errorf("problem = %+v, %v", problem, got.header)
	}
	sending.Wait()
	l.must("POST", "/v1/sessions/s/messages", message("small"), nil)
	for _, w := range slow {
		w.write(body[limit-1:])
		if got := w.answer(); got.status != http.StatusNoContent {
			t.Errorf("%d %.200s", got.status, got.body)
		}
		w.conn.Close()
	}
	// What they took is free again, and so it is after failures and of streams.
	for range 2 * places {
		for _, path := range []string{"/v1/sessions/none/messages", "/v1/sessions/none/messages/stream"} {
			wantProblem(t, l.ask(request{verb: "POST", path: path, body: body}), universal.KindSessionNotFound)
		}
	}
}

// A name in the request's target is the one that counts, as a proxy sees it.
func TestAbsoluteForm(t *testing.T) {
	l := newLab(t, nil)
	for name, tt := range map[string]struct {
		text string
		ok   bool
	}{
		"own name":          {"GET http://localhost/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n", true},
		"foreign target":    {"GET http://evil.example/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n", false},
		"foreign host":      {"GET /v1/health HTTP/1.1\r\nHost: evil.example\r\n\r\n", false},
		"user in the host":  {"GET http://localhost@evil.example/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n", false},
		"HTTP/1.0, no name": {"GET /v1/health HTTP/1.0\r\n\r\n", true},
		"empty name":        {"GET /v1/health HTTP/1.1\r\nHost:\r\n\r\n", true},
		"HTTP/1.0":          {"GET /v1/health HTTP/1.0\r\nHost: 127.0.0.1:1\r\n\r\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			got := l.wire(tt.text).answer()
			if tt.ok {
				if got.status != 200 {
					t.Errorf("%d %s", got.status, got.body)
				}
				return
			}
			wantProblem(t, got, universal.KindPermissionDenied)
		})
	}
}
