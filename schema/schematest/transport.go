package schematest

import (
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"net/http"
	"sync"
	"testing"
)

// Transport checks every answer that passes, and the events of streams. It is
// safe for concurrent use.
type Transport struct {
	TB        testing.TB
	Validator *Validator
	Base      http.RoundTripper
	// Events is how many events of a stream are checked; 0 means all. Of those
	// that came before, over whatever stream, nothing is checked again.
	Events int

	mu   sync.Mutex // guards all below
	seed maphash.Seed
	seen map[uint64]bool // hashes of events
}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.Base.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	found, ok, err := t.Validator.find(req.Method, req.URL.EscapedPath(), resp.StatusCode, resp.Header)
	switch {
	case err != nil:
		t.TB.Errorf("the OpenAPI document and the server differ: %v", err)
	case ok && req.Method != http.MethodHead:
		resp.Body = &checkedBody{ReadCloser: resp.Body, transport: t, exchange: found, request: req}
	}
	return resp, nil
}

// checkedBody checks what is read through it.
type checkedBody struct {
	io.ReadCloser
	transport *Transport
	exchange  exchange
	request   *http.Request
	buf       []byte
	count     int // of events
}

// Read implements [io.Reader].
func (b *checkedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch b.exchange.media {
	case "text/event-stream":
		if limit := b.transport.Events; limit == 0 || b.count < limit {
			b.buf = append(b.buf, p[:n]...)
			b.events()
		}
	case "application/json":
		b.buf = append(b.buf, p[:n]...)
		if errors.Is(err, io.EOF) && b.buf != nil {
			b.wrong(b.transport.Validator.body(b.exchange, b.buf))
			b.buf = nil
		}
	}
	return n, err
}

// events checks the events that are there as a whole.
func (b *checkedBody) events() {
	for {
		event, rest, ok := bytes.Cut(b.buf, []byte("\n\n"))
		if !ok {
			return
		}
		b.buf = rest
		for line := range bytes.Lines(event) {
			data, ok := bytes.CutPrefix(line, []byte("data: "))
			if !ok {
				continue
			}
			b.count++
			if b.transport.isNew(data) {
				b.wrong(b.transport.Validator.streamed(b.exchange, data))
			}
		}
	}
}

// isNew tells whether an event comes for the first time.
func (t *Transport) isNew(data []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil {
		t.seed, t.seen = maphash.MakeSeed(), map[uint64]bool{}
	}
	hash := maphash.Bytes(t.seed, data)
	if t.seen[hash] {
		return false
	}
	t.seen[hash] = true
	return true
}

func (b *checkedBody) wrong(err error) {
	if err != nil {
		b.transport.TB.Errorf("%s %s: the answer is not what the OpenAPI document says: %v", b.request.Method, b.request.URL.Path, err)
	}
}
