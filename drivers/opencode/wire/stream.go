package wire

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// Distances of the attempts to connect the stream again.
const (
	firstPause = 50 * time.Millisecond
	maxPause   = 2 * time.Second
)

var errSilent = errors.New("the event stream is silent")

// stream keeps the event stream connected until ctx ends.
func (c *Conn) stream() {
	pause := firstPause
	for {
		up, err := c.connectStream()
		if c.ctx.Err() != nil {
			return
		}
		if up {
			pause = firstPause
			c.put(line{text: streamLine("down", c.reason(err))})
		}
		select {
		case <-time.After(pause):
		case <-c.ctx.Done():
			return
		}
		pause = min(2*pause, maxPause)
	}
}

func streamLine(state, reason string) []byte {
	text, _ := json.Marshal(struct { // of two strings: it can't fail
		Stream string `json:"stream"`
		Error  string `json:"error,omitempty"`
	}{state, reason})
	return text
}

// connectStream reads the event stream until it ends; up tells whether it was
// connected at all.
func (c *Conn) connectStream() (up bool, err error) {
	ctx, cancel := context.WithCancelCause(c.ctx)
	defer cancel(nil)
	silence := time.AfterFunc(c.opts.Silence, func() { cancel(errSilent) })
	defer silence.Stop()
	response, err := c.do(ctx, &request{Method: http.MethodGet, Path: "/global/event"})
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("the event stream is answered with status %d", response.StatusCode)
	}
	events := newEvents(&watched{response.Body, func() { silence.Reset(c.opts.Silence) }}, c.opts.MaxLine)
	for {
		event, err := events.next()
		switch {
		case errors.Is(err, process.ErrLineTooLong):
			c.put(line{err: err})
			continue
		case err != nil:
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return up, err
		}
		if !up {
			// The first event says that the stream is connected.
			up = true
			c.put(line{text: streamLine("up", "")})
		}
		if c.opts.Drop == nil || !c.opts.Drop(event) {
			text := make([]byte, 0, len(event)+len(`{"event":}`))
			text = append(append(append(text, `{"event":`...), event...), '}')
			c.put(line{text: text})
		}
	}
}

// watched tells of everything that is read.
type watched struct {
	io.Reader
	heard func()
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	if n > 0 {
		w.heard()
	}
	return n, err
}

// events reads server-sent events of which only the data counts.
type events struct {
	in   *bufio.Reader
	most int
	data []byte
}

func newEvents(r io.Reader, most int) *events {
	return &events{in: bufio.NewReaderSize(r, 64<<10), most: most}
}

// next returns the data of the next event that has any, its lines joined by
// newlines; it is valid until the next call.
func (e *events) next() ([]byte, error) {
	e.data = e.data[:0]
	found := false
	for {
		text, err := e.line()
		if err != nil {
			return nil, err
		}
		if len(text) == 0 {
			if found {
				return e.data, nil
			}
			continue
		}
		rest, ok := bytes.CutPrefix(text, []byte("data:"))
		if !ok {
			continue // a comment, or a field that means nothing here
		}
		if found {
			e.data = append(e.data, '\n')
		}
		found = true
		e.data = append(e.data, bytes.TrimPrefix(rest, []byte(" "))...)
		if len(e.data) > e.most {
			return nil, e.skip()
		}
	}
}

// line reads a line without its end.
func (e *events) line() ([]byte, error) {
	text, err := e.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		long := bytes.Clone(text)
		for errors.Is(err, bufio.ErrBufferFull) {
			if len(long) > e.most+len("data: ") {
				return nil, e.skip()
			}
			text, err = e.in.ReadSlice('\n')
			long = append(long, text...)
		}
		text = long
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(text, "\r\n"), nil
}

// skip passes over the rest of an event that is too long.
func (e *events) skip() error {
	blank := false // whether the line so far is empty
	for {
		b, err := e.in.ReadByte()
		switch {
		case err != nil:
			return err
		case b == '\r':
		case b != '\n':
			blank = false
		case blank:
			return process.ErrLineTooLong
		default:
			blank = true
		}
	}
}
