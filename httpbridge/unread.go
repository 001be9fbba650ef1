package httpbridge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// What can't be read as a request reaches no handler: net/http answers it by
// itself, with a line of text. To clients it is an error as every other, so it
// becomes a problem document on its way out.

// problemListener accepts connections whose refused requests get problems.
type problemListener struct{ net.Listener }

func (l problemListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &problemConn{Conn: conn}, nil
}

// problemConn is a connection that knows who writes: a handler, whose bytes are
// never touched, or net/http itself.
type problemConn struct {
	net.Conn
	handled atomic.Bool // the answer that is written is a handler's
}

type problemConnKey struct{}

// withConn lets handled find the connection of a request.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, problemConnKey{}, conn)
}

// handled marks what is written from now on as the handler's.
func handled(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Context().Value(problemConnKey{}).(*problemConn).handled.Store(true)
		next.ServeHTTP(w, r)
	})
}

// answered ends that, once the answer is written to its end.
func answered(conn net.Conn) { conn.(*problemConn).handled.Store(false) }

// CloseWrite is what net/http does before it closes a connection whose client
// still sends, so that the answer arrives.
func (c *problemConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Write implements net.Conn. net/http writes an answer of its own at once.
func (c *problemConn) Write(b []byte) (int, error) {
	if c.handled.Load() {
		return c.Conn.Write(b)
	}
	text := asProblem(b)
	if text == nil {
		return c.Conn.Write(b)
	}
	if _, err := c.Conn.Write(text); err != nil {
		return 0, err
	}
	return len(b), nil
}

// asProblem is an answer of net/http that refuses a request as a problem
// document; nil if it refuses nothing.
func asProblem(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\r\n"))
	protocol, said, _ := strings.Cut(string(line), " ")
	code, said, _ := strings.Cut(said, " ")
	status, err := strconv.Atoi(code)
	if err != nil || status < http.StatusBadRequest || !strings.HasPrefix(protocol, "HTTP/") {
		return nil
	}
	problem, _ := rpc.ProblemOf(unread(status, said))
	problem.Status = status
	body, err := json.Marshal(problem)
	if err != nil {
		return nil // the line of text says it as well
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
}

// unread is the error for what net/http refuses with a status and a reason.
func unread(status int, said string) error {
	switch status {
	case http.StatusRequestHeaderFieldsTooLarge:
		return universal.Errorf(universal.KindPayloadTooLarge, "payload too large: the request's line and header may have %d bytes", maxHeaderBytes)
	case http.StatusExpectationFailed:
		return universal.InvalidRequest("the header Expect can only be 100-continue")
	case http.StatusNotImplemented:
		return universal.InvalidRequest("unsupported transfer encoding; send the body with a Content-Length, or chunked")
	}
	why := "it is no request of HTTP/1.1"
	if _, reason, ok := strings.Cut(said, ": "); ok {
		why = reason
	}
	return universal.InvalidRequest("the request can't be read: %s", why)
}
