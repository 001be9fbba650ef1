package stdio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/sourcegraph/jsonrpc2"
)

// envelopes is the stream that jsonrpc2.Conn reads and writes. What Conn gets to
// see is valid and small: the method, and for a request an id made up here. Params
// and results go past it: Conn would decode params to maps and encode them again,
// which for a long message takes seconds and many times its memory.
type envelopes struct{ srv *server }

var _ jsonrpc2.ObjectStream = (*envelopes)(nil)

// ReadObject reads the next request or notification that has a place. At the end
// of the input it returns only when the connection is done: Conn closes everything
// as soon as it knows.
func (e *envelopes) ReadObject(v any) error {
	srv := e.srv
	for {
		m, err := srv.stream.nextMessage(srv.requests)
		if err == nil {
			var c *call
			if c, err = srv.accept(m); c != nil {
				return json.Unmarshal(c.envelope(), v)
			}
		}
		if err != nil {
			srv.inputEnd <- err // has room: after an error nothing is read
			<-srv.drained
			return err
		}
	}
}

// accept makes a call of a message, or nil if there is nothing to call. The error
// is that of the output.
func (srv *server) accept(m message) (*call, error) {
	if !m.isRequest {
		if id, ok := cancelledID(m); ok {
			srv.calls.cancel(id)
			return nil, nil
		}
	}
	c := &call{message: m}
	ctx, cancel := context.WithCancelCause(srv.requests)
	c.cancel = cancel
	err := srv.calls.admit(c)
	if err == nil {
		srv.read.call, srv.read.ctx = c, ctx
		return c, nil
	}
	cancel(err)
	if !m.isRequest {
		srv.log.Warn("notification refused", slog.String("method", m.method), slog.Any("error", err))
		return nil, nil
	}
	return nil, srv.stream.writeError(srv.requests, m.id.raw, err)
}

// envelope is what Conn sees of a call.
func (c *call) envelope() []byte {
	method, _ := json.Marshal(c.method) // a string always can be encoded
	env := append([]byte(`{"method":`), method...)
	if c.isRequest {
		env = append(env, `,"id":`...)
		env = strconv.AppendUint(env, c.num, 10)
	}
	return append(env, '}')
}

// WriteObject writes the response of the call that the object, a response, names.
// Its caller has the turn to write.
func (e *envelopes) WriteObject(obj any) error {
	data, err := json.Marshal(obj)
	if err != nil {
		return err
	}
	var response struct {
		ID uint64 `json:"id"`
	}
	if err := json.Unmarshal(data, &response); err != nil {
		return err
	}
	c := e.srv.calls.answer(response.ID)
	if c == nil {
		return errors.New("no request waits for this response")
	}
	return e.srv.stream.writeInTurn(c.frame)
}

// Close is called by Conn when it is done, which is after Serve closed the stream.
func (e *envelopes) Close() error { return e.srv.stream.Close() }

// connLog hands Conn's log lines on. They tell nothing that isn't told otherwise.
type connLog struct{ log *slog.Logger }

func (l connLog) Printf(format string, args ...any) {
	l.log.Debug("json-rpc connection", slog.String("detail", fmt.Sprintf(format, args...)))
}
