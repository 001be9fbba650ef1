package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"

	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// request is a line that is written.
type request struct {
	ID     int64             `json:"id"`
	Method string            `json:"method"`
	Path   string            `json:"path"` // with what it names escaped
	Query  map[string]string `json:"query"`
	Body   json.RawMessage   `json:"body"`
}

// answer is a line that is read.
type answer struct {
	ID     int64           `json:"id"`
	Status int             `json:"status,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
	Error  string          `json:"error,omitempty"`
	// Unsent tells, beside an error, that the server got nothing of the request.
	Unsent bool `json:"unsent,omitempty"`
}

// Write begins the requests of whole lines. Their answers come as lines. A
// server that is dying still takes connections, and reads nothing of them.
func (c *Conn) Write(lines []byte) error {
	if c.Dying() {
		return process.ErrExited
	}
	for text := range bytes.Lines(lines) {
		var r request
		if err := json.Unmarshal(text, &r); err != nil {
			return fmt.Errorf("write to the server: %w", err)
		}
		select {
		case c.requests <- struct{}{}:
		case <-c.ctx.Done():
			return process.ErrExited
		}
		if !c.begin(&r) {
			return process.ErrExited
		}
	}
	return nil
}

// begin carries out a request beside others; false when the process has ended.
func (c *Conn) begin(r *request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		<-c.requests
		return false
	}
	c.work.Go(func() { // ends with the answer, or with ctx
		a := c.carryOut(r)
		<-c.requests
		text, err := json.Marshal(a)
		if err != nil {
			err = fmt.Errorf("encode the answer to request %d: %w", r.ID, err)
		}
		c.put(line{text, err})
	})
	return true
}

func (c *Conn) carryOut(r *request) answer {
	connected := false
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }}
	response, err := c.do(httptrace.WithClientTrace(c.ctx, trace), r)
	if err != nil {
		return answer{ID: r.ID, Error: c.reason(err), Unsent: !connected}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(c.opts.MaxLine)+1))
	a := answer{ID: r.ID, Status: response.StatusCode}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return answer{ID: r.ID, Error: c.reason(err)}
	case len(body) > c.opts.MaxLine:
		a.Error = fmt.Sprintf("the answer has more than %d bytes", c.opts.MaxLine)
	case len(bytes.TrimSpace(body)) == 0:
	case kind != "application/json" && response.StatusCode < http.StatusBadRequest:
		// The server answers routes that it doesn't know with a page.
		a.Status, a.Error = http.StatusNotFound, "the server has no such route"
	case !json.Valid(body):
		a.Error = "the answer is no JSON"
	default:
		a.Body = body
	}
	return a
}

// reason is an error without the address, which says nothing to anybody.
func (c *Conn) reason(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return err.Error()
}

// do makes a request; ctx is that of the answer's body, too.
func (c *Conn) do(ctx context.Context, r *request) (*http.Response, error) {
	select {
	case <-c.ready:
	default:
		return nil, ErrNotReady
	}
	address := c.base + r.Path
	if len(r.Query) > 0 {
		values := url.Values{}
		for name, value := range r.Query {
			values.Set(name, value)
		}
		address += "?" + values.Encode()
	}
	var body io.Reader
	if len(r.Body) > 0 {
		body = bytes.NewReader(r.Body)
	}
	q, err := http.NewRequestWithContext(ctx, r.Method, address, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	q.SetBasicAuth(user, c.opts.Password)
	return c.client.Do(q)
}

// user is the name that the server wants beside the password.
const user = "opencode"
