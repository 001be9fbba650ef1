package stdio

import (
	"errors"

	"github.com/sourcegraph/jsonrpc2"
)

// CodeRequestCancelled answers a request that its client cancelled. The number is
// LSP's; the JSON-RPC specification has none.
const CodeRequestCancelled = -32800

// The reasons for which this package refuses a message or ends a request. They
// reach [StreamOptions.MapError] wrapped with the particulars: use [errors.Is].
var (
	// ErrParse: the message is not JSON, or its frame is broken.
	ErrParse = errors.New("parse error")
	// ErrInvalidMessage: valid JSON that is not a JSON-RPC 2.0 request.
	ErrInvalidMessage = errors.New("invalid message")
	// ErrTooLong: the message is longer than [StreamOptions.MaxMessageBytes].
	ErrTooLong = errors.New("message too long")
	// ErrInvalidParams: params are something else than an object.
	ErrInvalidParams = errors.New("invalid params")
	// ErrTooManyRequests: all places are taken and none came free in time.
	ErrTooManyRequests = errors.New("too many requests in flight")
	// ErrShuttingDown: the connection is ending and takes no new requests. It is
	// also the cause of the contexts of requests that did not end in time.
	ErrShuttingDown = errors.New("connection is shutting down")
	// ErrCancelled: the client cancelled the request. It is the cause of that
	// request's context.
	ErrCancelled = errors.New("request cancelled")
	// ErrPanic: the handler panicked. Its text never reaches the client.
	ErrPanic = errors.New("internal error")
)

// How a connection ends, other than by the end of its input.
var (
	// ErrClosed: the stream was closed on this side.
	ErrClosed = errors.New("stream closed")
	// ErrOutputBroken: writing failed, so nobody reads any more. It wraps the
	// error of the write.
	ErrOutputBroken = errors.New("output broken")
)

// DefaultError makes the response error for err where [StreamOptions.MapError] is
// nil. A [jsonrpc2.Error] in the chain of err is used as it is, the errors of
// this package get their codes, everything else is an internal error.
func DefaultError(err error) *jsonrpc2.Error {
	if own, ok := errors.AsType[*jsonrpc2.Error](err); ok {
		return own
	}
	code := int64(jsonrpc2.CodeInternalError)
	switch {
	case errors.Is(err, ErrParse):
		code = jsonrpc2.CodeParseError
	case errors.Is(err, ErrInvalidMessage), errors.Is(err, ErrTooLong), errors.Is(err, ErrShuttingDown):
		code = jsonrpc2.CodeInvalidRequest
	case errors.Is(err, ErrInvalidParams):
		code = jsonrpc2.CodeInvalidParams
	case errors.Is(err, ErrCancelled):
		code = CodeRequestCancelled
	}
	return &jsonrpc2.Error{Code: code, Message: err.Error()}
}
