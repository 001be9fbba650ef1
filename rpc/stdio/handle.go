package stdio

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/sourcegraph/jsonrpc2"
)

// errNotReturned is answered when a handler ended its goroutine.
var errNotReturned = errors.New("the handler did not return")

// Handle starts the call that ReadObject has just read.
func (srv *server) Handle(_ context.Context, conn *jsonrpc2.Conn, _ *jsonrpc2.Request) {
	c := srv.read.call
	var p place
	if srv.lane != nil {
		p = srv.lanes.enter(srv.lane(c.request()))
	}
	// Ends with the handler and what it wants done after; Serve waits for it.
	go srv.run(srv.read.ctx, conn, c, p)
}

func (srv *server) run(ctx context.Context, conn *jsonrpc2.Conn, c *call, p place) {
	defer srv.calls.handlers.Done()
	after := srv.answer(ctx, conn, c, p)
	p.leave()
	if after != nil {
		// Nobody waits for an answer any more, and the log has the panic.
		_ = srv.protect(c, func() { after(srv.afters) })
	}
}

// answer runs the handler and writes its response. It returns what is to be done
// after that, also when nobody could be told any more.
func (srv *server) answer(ctx context.Context, conn *jsonrpc2.Conn, c *call, p place) (after func(context.Context)) {
	defer srv.calls.leave(c)
	defer c.cancel(nil) // frees the context

	var result any
	err := p.wait(ctx)
	if err == nil {
		err = errNotReturned
		if panicked := srv.protect(c, func() { result, after, err = srv.handler(ctx, c.request()) }); panicked != nil {
			err = panicked
		}
	}
	if !c.isRequest {
		return nil
	}
	if err != nil {
		err = tellCause(ctx, err)
	}
	var body []byte
	if err == nil {
		if body, err = marshal(result); err != nil {
			err = fmt.Errorf("encode the result of %s: %w", c.method, err)
			srv.log.Error("result can't be sent", slog.String("method", c.method), slog.Any("error", err))
		}
	}
	if err != nil {
		after = nil
		c.frame = srv.stream.errorFrame(c.id.raw, err)
	} else {
		c.frame = srv.stream.responseFrame(c.id.raw, `,"result":`, body)
	}
	if err := srv.respond(conn, c); err != nil {
		srv.log.Debug("response not sent", slog.String("method", c.method), slog.Any("error", err))
	}
	return after
}

// marshal is json.Marshal without the escaping of <, > and &: what a handler has
// encoded already goes out as it is.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// respond sends the response of c through conn. The turn to write is taken before,
// since Conn has a mutex around its writes: waiting for that knows neither the
// order of turns nor the end of the stream.
func (srv *server) respond(conn *jsonrpc2.Conn, c *call) error {
	s := srv.stream
	// A response is owed even if its request's context has ended.
	if err := s.gate.acquire(context.Background(), s.closed, responses); err != nil {
		return err
	}
	defer s.gate.release()
	stub := &jsonrpc2.Response{ID: jsonrpc2.ID{Num: c.num}, Result: new(json.RawMessage(`null`))}
	return conn.SendResponse(context.Background(), stub)
}

// tellCause makes of the error of a handler whose context ended the reason why it
// ended, which the handler may not have asked for.
func tellCause(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, ErrCancelled):
		return ErrCancelled
	case errors.Is(cause, ErrShuttingDown) && errors.Is(err, context.Canceled):
		return ErrShuttingDown
	}
	return err
}

// protect calls f. A panic is logged and returned as ErrPanic: one request must
// not end the process that serves all others.
func (srv *server) protect(c *call, f func()) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			srv.log.Error("handler panicked",
				slog.String("method", c.method),
				slog.Any("panic", reason),
				slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("%w in %s: the server's log says more", ErrPanic, c.method)
		}
	}()
	f()
	return nil
}
