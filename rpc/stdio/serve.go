package stdio

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/sourcegraph/jsonrpc2"
)

// Request is a request or a notification of the client.
type Request struct {
	// ID is the request's id as the client wrote it, nil for a notification.
	ID     json.RawMessage
	Method string
	// Params are the bytes of the params object, nil if there are none or null.
	// Those of a notification may be any JSON.
	Params json.RawMessage
}

// IsNotification reports whether nobody waits for an answer.
func (r *Request) IsNotification() bool { return r.ID == nil }

// Handler works on one request or notification. It runs in a goroutine of its own,
// and many run at the same time.
//
// result is encoded by encoding/json; nil is sent as null. err goes through
// [StreamOptions.MapError] instead of it. For a notification both are dropped, so
// one that isn't known is ignored by returning anything.
//
// after, if not nil, is called once the response has been written, so whatever it
// sends is behind the response. It is also called when the response couldn't be
// written since the stream is closed, so that it can give back what the handler
// took for it; what it sends goes nowhere then. It isn't called after an error. It
// may last: its context ends with the connection, and [Serve] waits for it.
//
// ctx ends when the client cancels the request (with cause [ErrCancelled]) and
// when the connection ends before the request does (with cause
// [ErrShuttingDown]); the handler must return soon then. If it returns an error
// after a cancel, the answer is [ErrCancelled]; if it still succeeded, the answer
// is its result.
type Handler func(ctx context.Context, req *Request) (result any, after func(ctx context.Context), err error)

// ServeOptions configure [Serve]. The zero value is good.
type ServeOptions struct {
	// MaxInFlight bounds how many requests and notifications are worked on at the
	// same time (default 1024), MaxInFlightBytes how much memory their messages
	// keep (default twice the limit of one message). Beyond, reading pauses, and if
	// nothing comes free for Patience (default 1 s) requests are refused with
	// ErrTooManyRequests, so that cancel notices can be read.
	MaxInFlight      int
	MaxInFlightBytes int
	Patience         time.Duration
	// DrainTimeout (default 1 s) is how long requests in flight have at the end of
	// the connection before their contexts end. They have half as long again to
	// return before the stream is closed.
	DrainTimeout time.Duration
	// Lane, if not nil, says in which lane a request is, "" for none: those of one
	// lane are handled one after another, in the order in which they were sent. It
	// is called by the goroutine that reads and must be quick.
	Lane func(req *Request) string
	// Finish, if not nil, is called once at the end of the connection, after the
	// requests in flight had their time and before what the handlers left running
	// is ended: it can still cause notifications. It must return soon.
	Finish func()
	// Logger gets panics and what nobody can be told. nil means no log.
	Logger *slog.Logger
}

func (o ServeOptions) withDefaults(maxMessage int) ServeOptions {
	if o.MaxInFlight <= 0 {
		o.MaxInFlight = 1024
	}
	if o.MaxInFlightBytes <= 0 {
		o.MaxInFlightBytes = 2 * maxMessage
	}
	if o.Patience <= 0 {
		o.Patience = time.Second
	}
	if o.DrainTimeout <= 0 {
		o.DrainTimeout = time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Serve answers the requests that come in on s until the input ends, ctx ends or
// the output breaks, and closes s. Then no new requests are taken, those in flight
// get DrainTimeout to be answered, and what still runs has its context ended.
// Serve returns once every handler has returned.
//
// It returns nil at the end of the input, the cause of ctx if that was it,
// [ErrOutputBroken] if the client is gone, [ErrClosed] if s was closed by someone
// else, or the error of the read.
func Serve(ctx context.Context, s *Stream, h Handler, opts ServeOptions) error {
	opts = opts.withDefaults(s.frames.max)
	srv := &server{
		stream:   s,
		handler:  h,
		lane:     opts.Lane,
		log:      opts.Logger,
		calls:    newCalls(opts.MaxInFlight, opts.MaxInFlightBytes, opts.Patience),
		inputEnd: make(chan error, 1),
		drained:  make(chan struct{}),
	}
	// The end of ctx begins the end of the connection. It must not end what shall
	// still be answered.
	base := context.WithoutCancel(ctx)
	var endRequests, endAfters context.CancelCauseFunc
	srv.requests, endRequests = context.WithCancelCause(base)
	srv.afters, endAfters = context.WithCancelCause(base)

	conn := jsonrpc2.NewConn(base, &envelopes{srv}, srv, jsonrpc2.SetLogger(connLog{opts.Logger}))

	var cause error
	select {
	case cause = <-srv.inputEnd:
	case <-ctx.Done():
		cause = context.Cause(ctx)
	case <-s.broken:
		cause = s.brokenErr
	}

	srv.calls.end()
	srv.awaitIdle(opts.DrainTimeout)
	if opts.Finish != nil {
		opts.Finish()
	}
	endRequests(ErrShuttingDown)
	endAfters(ErrShuttingDown)
	returned := make(chan struct{})
	go func() { // ends with the last handler
		srv.calls.handlers.Wait()
		close(returned)
	}()
	srv.await(returned, opts.DrainTimeout/2)
	s.Close()
	close(srv.drained)
	conn.Close()
	<-returned

	if errors.Is(cause, io.EOF) {
		return nil
	}
	if errors.Is(cause, ErrClosed) && s.isBroken() {
		// The write that failed closed the stream, and the reader saw it first.
		return s.brokenErr
	}
	return cause
}

// server is one connection.
type server struct {
	stream  *Stream
	handler Handler
	lane    func(*Request) string // may be nil
	lanes   lanes
	log     *slog.Logger
	calls   *calls

	requests context.Context // parent of the requests' contexts
	afters   context.Context // lasts as long as the connection

	inputEnd chan error    // gets the error that ended the input
	drained  chan struct{} // closed when Conn may learn of that

	// read is the call that was read last, with its context, on its way from
	// ReadObject to Handle. Both run in Conn's reading goroutine.
	read struct {
		call *call
		ctx  context.Context
	}
}

// awaitIdle waits until no call is in flight, for at most limit.
func (srv *server) awaitIdle(limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for !srv.calls.none() {
		select {
		case <-srv.calls.idle:
		case <-srv.stream.closed:
			return
		case <-timer.C:
			return
		}
	}
}

// await waits for done, for at most limit.
func (srv *server) await(done <-chan struct{}, limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-srv.stream.closed:
	case <-timer.C:
	}
}
