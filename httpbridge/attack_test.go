package httpbridge_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/httpbridge"
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
	// A safety net: no outcome depends on it.
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		l.t.Fatal(err)
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

// impatient is a lab that gives clients up quickly.
func impatient(t *testing.T) *lab {
	return startLab(t, setup{
		options: func(o *httpbridge.Options) { o.Patience = 50 * time.Millisecond },
		serve: func(o *httpbridge.ServeOptions) {
			o.HeaderTime, o.KeepAliveTime = 50*time.Millisecond, 50*time.Millisecond
		},
	})
}

// Who sends a request so slowly that it never ends is given up, and holds up
// nobody meanwhile.
func TestSlowRequests(t *testing.T) {
	const create = "POST /v1/sessions/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	for name, tt := range map[string]struct {
		begin, drop string
		status      int // of the answer before the end; 0 for none
	}{
		"nothing":         {"", "", 0},
		"half a line":     {"GET /v1/he", "", 0},
		"header by drops": {"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: ", "x", 0},
		"endless header":  {"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n", "X: x\r\n", 0},
		"no body":         {create + "Content-Length: 100\r\n\r\n", "", 400},
		"body by drops":   {create + "Content-Length: 1000000\r\n\r\n{", " ", 400},
		"endless chunks":  {create + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", "1\r\n \r\n", 400},
		"file by drops":   {"PUT /v1/fs/file?sessionId=s&path=f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n", "x", 400},
		"refused, no body": {
			"POST /v1/nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n", "", 404,
		},
		"idle": {"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n", "", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := impatient(t)
			dir := t.TempDir()
			l.must("POST", "/v1/sessions/s", fmt.Sprintf(`{"agent":"mock","directory":%q}`, dir), nil)
			w := l.wire(tt.begin)
			over := make(chan struct{})
			dropping := make(chan struct{})
			go func() { // ends with over
				defer close(dropping)
				for tick := time.NewTicker(5 * time.Millisecond); tt.drop != ""; {
					select {
					case <-tick.C:
						_, _ = io.WriteString(w.conn, tt.drop)
					case <-over:
						return
					}
				}
			}()
			if tt.status != 0 {
				if got := w.answer(); got.status != tt.status {
					t.Errorf("%d %s, want %d", got.status, got.body, tt.status)
				}
			}
			// Others are served.
			l.must("GET", "/v1/sessions/s", "", nil)
			rest, err := io.ReadAll(w.buf)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection stays open")
			}
			if len(rest) > 0 && tt.status != 0 {
				t.Errorf("more came: %q", rest)
			}
			close(over)
			<-dropping
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("half an upload is left: %v, %v", left, err)
			}
		})
	}
}

// Who doesn't read an answer is given up; who reads slowly gets all of it.
func TestStalledAnswers(t *testing.T) {
	const size = 16 << 20 // more than the connection's buffers take
	l := impatient(t)
	dir := t.TempDir()
	l.must("POST", "/v1/sessions/s", fmt.Sprintf(`{"agent":"mock","directory":%q}`, dir), nil)
	if err := os.WriteFile(filepath.Join(dir, "f"), make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	l.must("POST", "/v1/sessions/s/messages", message("flood 200 50000"), nil)
	l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"}).until(universal.TypeTurnEnded)
	for name, path := range map[string]string{
		"answer":   "/v1/sessions/s/events",
		"download": "/v1/fs/file?sessionId=s&path=f",
	} {
		for _, stalls := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, stalls: %v", name, stalls), func(t *testing.T) {
				w := l.wire("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
				resp, err := http.ReadResponse(w.buf, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if stalls {
					// The server closes; when, only it knows. What is in the
					// buffers by then can still be read.
					time.Sleep(500 * time.Millisecond)
				}
				n, err := io.Copy(io.Discard, resp.Body)
				if got := err == nil; got == stalls || n > size || n == 0 {
					t.Errorf("%d of %d bytes came, %v", n, resp.ContentLength, err)
				}
			})
		}
	}
	t.Run("many requests, no answer read", func(t *testing.T) {
		w := l.wire("")
		get := strings.Repeat("GET /v1/sessions/s HTTP/1.1\r\nHost: localhost\r\n\r\n", 100)
		for range 10_000 {
			if _, err := io.WriteString(w.conn, get); err != nil {
				if errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("the connection stays open")
				}
				return
			}
		}
		t.Error("a million requests were answered to nobody")
	})
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
		"HTTP/2":                 {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
		"HTTP/9":                 {"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 505},
		"line end in the path":   {"GET /v1/health\rX: y HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
		"header flood":           {"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X: y\r\n", 20_000) + "\r\n", 431},
		"long header":            {"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("y", 100<<10) + "\r\n\r\n", 431},
		"long path":              {"GET /v1/" + strings.Repeat("x", 100<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 431},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, nil)
			w := l.wire(tt.text)
			if got := w.answer(); got.status != tt.status {
				t.Errorf("%d %.200s, want %d", got.status, got.body, tt.status)
			}
			w.conn.Close()
			var list struct{ Sessions []any }
			if l.must("GET", "/v1/sessions", "", &list); len(list.Sessions) > 0 {
				t.Error("the inner request was carried out")
			}
		})
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
		"HTTP/1.0, no name": {"GET /v1/health HTTP/1.0\r\n\r\n", false},
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
