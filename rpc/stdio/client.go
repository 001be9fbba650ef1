package stdio

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"

	"github.com/sourcegraph/jsonrpc2"
)

// ErrServerGone says that the server ended the connection.
var ErrServerGone = errors.New("the server ended the connection")

// ClientOptions configure a [Client]. The zero value is good.
type ClientOptions struct {
	// Framing is FramingLine or FramingHeader; FramingAuto means FramingLine.
	Framing Framing
	// OnNotification gets every notification, in order, from the goroutine that
	// reads: while it runs, nothing else is received, so it must neither wait for a
	// Call of this client nor close it. nil drops them. It owns params.
	OnNotification func(method string, params json.RawMessage)
	// OnError gets the errors that name no request: the server could not read
	// something. It is called like OnNotification. nil drops them.
	OnError func(*jsonrpc2.Error)
	// MaxMessageBytes ends the connection when the server sends a longer message.
	// 0 means no limit.
	MaxMessageBytes int
}

// Client is the other end of [Serve]. It is safe for concurrent use. It makes no
// use of jsonrpc2.Conn, which takes several times as long to receive an event.
type Client struct {
	stream *Stream
	opts   ClientOptions
	done   chan struct{} // closed when reading has ended; err is set then
	err    error
	// notices counts the goroutines that tell the server about given-up calls.
	notices sync.WaitGroup

	mu      sync.Mutex
	ended   bool
	lastID  uint64
	pending map[uint64]chan<- reply
}

type reply struct {
	result json.RawMessage
	err    *jsonrpc2.Error
}

// NewClient starts a client on rwc, which it owns from then on. For what rwc must
// be able to do see [NewStream]. Close must be called.
func NewClient(rwc io.ReadWriteCloser, opts ClientOptions) *Client {
	if opts.Framing == FramingAuto {
		opts.Framing = FramingLine
	}
	if opts.MaxMessageBytes <= 0 {
		opts.MaxMessageBytes = math.MaxInt
	}
	c := &Client{
		stream: NewStream(rwc, StreamOptions{
			Framing:         opts.Framing,
			MaxMessageBytes: opts.MaxMessageBytes,
		}),
		opts:    opts,
		done:    make(chan struct{}),
		pending: map[uint64]chan<- reply{},
	}
	go c.read() // ends with the input; Close waits for it
	return c
}

// Call sends a request and waits for its answer, which it decodes into result
// unless that is nil. params are encoded by encoding/json and must give an object;
// nil leaves them out.
//
// An error of the server is a *jsonrpc2.Error. When ctx ends, its cause is returned
// at once and the server is asked to cancel the request; only a Write that the
// server doesn't take keeps Call longer.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	answer := make(chan reply, 1)
	id, err := c.register(answer)
	if err != nil {
		return fmt.Errorf("call %s: %w", method, err)
	}
	if err := c.send(ctx, method, strconv.AppendUint(nil, id, 10), params); err != nil {
		c.forget(id)
		return fmt.Errorf("call %s: %w", method, err)
	}
	select {
	case r := <-answer:
		return r.decode(method, result)
	case <-ctx.Done():
		c.giveUp(id)
		return fmt.Errorf("call %s: %w", method, context.Cause(ctx))
	case <-c.done:
	}
	// The answer may have been the last message.
	select {
	case r := <-answer:
		return r.decode(method, result)
	default:
		return fmt.Errorf("call %s: %w", method, c.err)
	}
}

func (r reply) decode(method string, result any) error {
	switch {
	case r.err != nil:
		return r.err
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(r.result, result); err != nil {
		return fmt.Errorf("decode the result of %s: %w", method, err)
	}
	return nil
}

// Notify sends a notification. It returns when it is written.
func (c *Client) Notify(ctx context.Context, method string, params any) error {
	if err := c.send(ctx, method, nil, params); err != nil {
		return fmt.Errorf("notify %s: %w", method, err)
	}
	return nil
}

// CloseWrite ends the server's input, as far as the connection can do that alone.
// Answers and notifications still arrive.
func (c *Client) CloseWrite() error {
	if half, ok := c.stream.rwc.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.New("close the server's input: this connection can only be closed as a whole")
}

// Done returns a channel that is closed when nothing will be received any more.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why after Done: ErrServerGone, ErrClosed, or what was wrong.
func (c *Client) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// Close ends the connection. Pending calls fail. It waits until no callback runs.
func (c *Client) Close() error {
	err := c.stream.Close()
	<-c.done
	c.notices.Wait()
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}

func (c *Client) register(answer chan<- reply) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return 0, c.err
	}
	c.lastID++
	c.pending[c.lastID] = answer
	return c.lastID, nil
}

// forget takes a call out of the table and returns whom its answer is for.
func (c *Client) forget(id uint64) (chan<- reply, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer, ok := c.pending[id]
	delete(c.pending, id)
	return answer, ok
}

// giveUp forgets a call and asks the server to cancel it.
func (c *Client) giveUp(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, id)
	if c.ended {
		return
	}
	// The caller doesn't wait for a server that doesn't read. Ends when the notice
	// is written or the connection closed; Close waits for it.
	c.notices.Go(func() {
		_ = c.Notify(context.Background(), "$/cancelRequest", map[string]uint64{"id": id})
	})
}

// send writes a request, or a notification if id is nil.
func (c *Client) send(ctx context.Context, method string, id json.RawMessage, params any) error {
	msg := struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id,omitempty"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params,omitempty"`
	}{Version: "2.0", ID: id, Method: method}
	if params != nil {
		encoded, err := json.Marshal(params)
		if err != nil {
			return fmt.Errorf("encode params: %w", err)
		}
		msg.Params = encoded
	}
	body, err := json.Marshal(msg)
	if err != nil {
		return fmt.Errorf("encode params: %w", err)
	}
	framing := c.stream.Framing()
	buf := framing.appendFrameHead(make([]byte, 0, len(body)+32), len(body))
	buf = framing.appendFrameTail(append(buf, body...))
	return c.stream.write(ctx, responses, buf)
}

// read receives until the connection ends.
func (c *Client) read() {
	var err error
	for err == nil {
		var f frame
		if f, err = c.stream.nextFrame(); err == nil {
			err = c.receive(f)
		}
	}
	switch {
	case c.stream.isBroken():
		err = c.stream.brokenErr
	case c.stream.isClosed():
		err = ErrClosed
	case errors.Is(err, io.EOF):
		err = ErrServerGone
	}
	c.mu.Lock()
	c.ended, c.err = true, err
	clear(c.pending) // the callers wait for done, too
	c.mu.Unlock()
	close(c.done)
}

// receive hands one message to whom it is for. An error ends the connection: a
// server that writes something else to its output can't be relied on.
func (c *Client) receive(f frame) error {
	env, err := openEnvelope(f.data)
	if err != nil {
		return fmt.Errorf("receive %.200q: %w", f.data, err)
	}
	own := func(value []byte) json.RawMessage {
		if f.owned || value == nil {
			return value
		}
		return bytes.Clone(value)
	}
	switch {
	case env.method != nil && env.id != nil:
		method, _ := decodeString(env.method)
		unknown := &jsonrpc2.Error{Code: jsonrpc2.CodeMethodNotFound, Message: "method not found: " + method}
		return c.stream.writeError(context.Background(), env.id, unknown)
	case env.method != nil:
		if c.opts.OnNotification != nil {
			method, _ := decodeString(env.method)
			c.opts.OnNotification(method, own(env.params))
		}
		return nil
	case env.result == nil && env.err == nil:
		return fmt.Errorf("receive %.200q: %w", f.data, invalidMessage("neither method nor result"))
	}
	var r reply
	if env.err != nil {
		if err := json.Unmarshal(env.err, &r.err); err != nil || r.err == nil {
			return fmt.Errorf("receive %.200q: %w", f.data, invalidMessage("error is not an error object"))
		}
	} else {
		r.result = own(env.result)
	}
	id, err := strconv.ParseUint(string(env.id), 10, 64)
	if err != nil {
		if r.err != nil && c.opts.OnError != nil {
			c.opts.OnError(r.err)
		}
		return nil
	}
	if answer, ok := c.forget(id); ok { // else the call was given up
		answer <- r // has room
	}
	return nil
}
