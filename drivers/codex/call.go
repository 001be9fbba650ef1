package codex

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// maxRefusals bounds the refusals that wait for the agent to read them.
const maxRefusals = 64

// nothing is the params of a method that takes none.
type nothing struct{}

// call makes a request and waits for its result. note is called when the
// request is about to be written, in the order of the lines; one that it
// objects to is not written. The error of the app-server is an *rpcError.
func (srv *server) call(ctx context.Context, method string, params any, note func() error) (json.RawMessage, error) {
	return srv.callFor(ctx, &call{answer: make(chan message, 1)}, method, params, note)
}

func (srv *server) callFor(ctx context.Context, c *call, method string, params any, note func() error) (json.RawMessage, error) {
	body, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	id := int64(0)
	encode := func() ([]byte, error) {
		if note != nil {
			if err := note(); err != nil {
				return nil, err
			}
		}
		srv.lastCall++
		id = srv.lastCall
		srv.calls[id] = c
		return fmt.Appendf(nil, `{"id":%d,"method":%q,"params":%s}`+"\n", id, method, body), nil
	}
	if err := srv.write(ctx, encode); err != nil {
		srv.forget(id)
		if errors.Is(err, errServerGone) {
			err = errUnread
		}
		return nil, err
	}
	var m message
	ok := false
	select {
	case m, ok = <-c.answer:
	case <-ctx.Done():
		srv.forget(id)
		select {
		case m, ok = <-c.answer: // it came at the same time, and what it tells is done
		default:
			return nil, context.Cause(ctx)
		}
	}
	switch {
	case !ok:
		return nil, errServerGone
	case m.err != nil:
		return nil, m.err
	}
	return m.result, nil
}

// forget gives up waiting for an answer, which may still come.
func (srv *server) forget(id int64) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.calls, id)
}

func (srv *server) notify(ctx context.Context, method string) error {
	return srv.write(ctx, func() ([]byte, error) { return fmt.Appendf(nil, `{"method":%q}`+"\n", method), nil })
}

// respond answers a request of the app-server.
func (srv *server) respond(ctx context.Context, id json.RawMessage, answer any, note func() error) error {
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return srv.write(ctx, func() ([]byte, error) {
		if err := note(); err != nil {
			return nil, err
		}
		return fmt.Appendf(nil, `{"id":%s,"result":%s}`+"\n", id, body), nil
	})
}

// refuse answers a request that nobody can. The reader must not wait for the
// agent to read, so that is done beside it; it ends when the agent takes the
// answer or ends.
func (srv *server) refuse(id json.RawMessage, method string) {
	id = append(json.RawMessage(nil), id...)
	select {
	case srv.refuses <- struct{}{}:
	default:
		srv.log.Warn("the agent asks without reading the answers", "agent", agentID, "method", method)
		return
	}
	srv.writes.Go(func() {
		defer func() { <-srv.refuses }()
		err := srv.write(context.Background(), func() ([]byte, error) {
			return fmt.Appendf(nil, `{"id":%s,"error":{"code":-32601,"message":"sandbox-agent does not answer %s"}}`+"\n", id, quoteInner(method)), nil
		})
		if err != nil {
			srv.log.Debug("refusing a request of the agent failed", "error", err)
		}
	})
}

// quoteInner is a text as it stands inside of a JSON string.
func quoteInner(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		return "this"
	}
	return string(quoted[1 : len(quoted)-1])
}

// write hands the agent one line, which encode makes with the lock held: lines
// are noted in the order in which they are written. When ctx ends before the
// agent has read it all, write returns and the agent may still get the line; a
// part of one would spoil the next.
func (srv *server) write(ctx context.Context, encode func() ([]byte, error)) error {
	select {
	case srv.writing <- struct{}{}:
	case <-srv.gone:
		return errServerGone
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	line, err := srv.begin(encode)
	if err != nil {
		<-srv.writing
		return err
	}
	if srv.trace != nil {
		srv.trace(program.TraceIn, line[:len(line)-1])
	}
	written := make(chan error, 1)
	go func() { // ends when the agent takes the line or ends; the reader waits for it
		defer srv.writes.Done()
		err := srv.transport.Write(line)
		<-srv.writing
		written <- err
	}()
	select {
	case err := <-written:
		if errors.Is(err, process.ErrExited) || errors.Is(err, process.ErrInputClosed) {
			return errServerGone
		}
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// begin makes a line that is about to be written, for which writes is told.
func (srv *server) begin(encode func() ([]byte, error)) ([]byte, error) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.ended {
		return nil, errServerGone
	}
	line, err := encode()
	if err != nil {
		return nil, err
	}
	srv.writes.Add(1)
	return line, nil
}
