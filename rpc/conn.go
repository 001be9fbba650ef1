package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/rpc/stdio"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const (
	// drainTime is how long requests in flight have when the client has gone.
	drainTime = 500 * time.Millisecond
	// closeTime bounds the end of all sessions. A client that reads on gets
	// their last events: for as long as it takes some within each flushTime,
	// but not longer than flushLimit from when the sessions began to end. All
	// is within the 3 s that a parent process waits.
	closeTime  = 2200 * time.Millisecond
	flushTime  = 750 * time.Millisecond
	flushLimit = 1800 * time.Millisecond
	// maxSubscriptions bounds what one client can make the bridge hold.
	maxSubscriptions = 16384
)

// ErrExitWithoutShutdown is returned by [Server.ServeStdio] when the client sent exit
// without shutdown before it.
var ErrExitWithoutShutdown = errors.New("exit without shutdown")

var errExit = errors.New("exit")

func errShutDown() error {
	return universal.Errorf(universal.KindInvalidMessage, "invalid message: the server is shut down; only exit is left")
}

// ServeStdio serves one client over a byte stream until its input ends, its
// end breaks, it sends exit, or ctx ends. Then all sessions are ended, with
// everything they started, and their last events are written to whoever still
// reads.
func (s *Server) ServeStdio(ctx context.Context, rwc io.ReadWriteCloser) error {
	ctx, exit := context.WithCancelCause(ctx)
	defer exit(nil)
	stream := stdio.NewStream(rwc, stdio.StreamOptions{MaxMessageBytes: s.limits.MaxMessageBytes, MapError: rpcError})
	c := &conn{server: s, stream: stream, exit: exit, subscriptions: map[string]*subscription{}}
	err := stdio.Serve(ctx, stream, c.handle, stdio.ServeOptions{
		DrainTimeout: drainTime, Lane: c.lane, Finish: c.finish, Logger: s.logger,
	})
	switch {
	case errors.Is(err, errExit) && !c.shutDown.Load():
		return ErrExitWithoutShutdown
	case errors.Is(err, errExit), errors.Is(err, stdio.ErrOutputBroken), errors.Is(err, context.Canceled):
		return nil
	}
	return err
}

// conn is one client.
type conn struct {
	server   *Server
	stream   *stdio.Stream
	exit     context.CancelCauseFunc
	shutDown atomic.Bool
	batches  atomic.Uint64 // of events that the client took

	mu            sync.Mutex // guards all below
	lastID        uint64
	subscriptions map[string]*subscription
	finishing     bool // no subscription is taken any more
	pumps         sync.WaitGroup
}

// lane keeps requests about one session in order, so that a client need not
// wait for the answer to its create before it sends a message.
func (c *conn) lane(req *stdio.Request) string {
	if !c.server.methods[req.Method].InOrder {
		return ""
	}
	var p SessionParams
	if json.Unmarshal(req.Params, &p) != nil {
		return "" // it will be refused
	}
	return p.SessionID
}

// handle answers one request.
func (c *conn) handle(ctx context.Context, req *stdio.Request) (any, func(context.Context), error) {
	if req.IsNotification() {
		if req.Method == "exit" {
			c.exit(errExit)
		}
		return nil, nil, nil
	}
	m, ok := c.server.methods[req.Method]
	if !ok {
		return nil, nil, universal.Errorf(universal.KindNotFound, "method not found: %s; initialize lists the methods", req.Method)
	}
	if c.shutDown.Load() {
		return nil, nil, errShutDown()
	}
	switch {
	case m.connect != nil:
		result, err := m.connect(ctx, c, req.Params)
		return result, nil, err
	case m.call != nil:
		result, err := c.server.Call(ctx, m, req.Params)
		return result, nil, err
	}
	sub, err := c.subscribe(ctx)
	if err != nil {
		return nil, nil, err
	}
	result, feed, err := c.server.Open(ctx, m, req.Params)
	if err != nil {
		c.forget(sub)
		c.pumps.Done()
		return nil, nil, err
	}
	sub.feed = feed
	switch r := result.(type) {
	case SubscribeResult:
		r.SubscriptionID = sub.id
		result = r
	case SendStreamResult:
		r.SubscriptionID = sub.id
		result = r
	}
	return result, sub.pump, nil
}

func (c *conn) initialize(_ context.Context, _ *InitializeParams) (InitializeResult, error) {
	result := InitializeResult{
		ProtocolVersion: ProtocolVersion,
		ServerInfo:      ProgramInfo{Name: "sandbox-agent", Version: c.server.version},
		Limits:          c.server.limits,
	}
	for _, m := range Table() {
		result.Methods = append(result.Methods, m.Name)
	}
	for _, d := range c.server.sessions.Drivers() {
		result.Agents = append(result.Agents, d.Info().ID)
	}
	return result, nil
}

// shutdown ends all sessions; their last events are written before the answer.
func (c *conn) shutdown(ctx context.Context, _ *Empty) (Empty, error) {
	c.shutDown.Store(true)
	c.finish()
	return Empty{}, nil
}

// finish ends all sessions and then all streams.
func (c *conn) finish() {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if err := c.server.sessions.Close(ctx); err != nil {
		c.server.logger.Error("stdio: not all sessions could be ended", "error", err)
	}
	c.mu.Lock()
	c.finishing = true
	for _, sub := range c.subscriptions {
		sub.end(session.EndShutdown)
	}
	c.mu.Unlock()
	written := make(chan struct{})
	go func() { // ends with the pumps, which the end of the stream frees
		c.pumps.Wait()
		close(written)
	}()
	ticker := time.NewTicker(flushTime)
	defer ticker.Stop()
	for before := c.batches.Load(); ; {
		select {
		case <-written:
			return
		case now := <-ticker.C:
			batches := c.batches.Load()
			if batches == before || now.Sub(begin) > flushLimit {
				return
			}
			before = batches
		}
	}
}

// --- subscriptions

// subscription is a feed on its way to the client.
type subscription struct {
	id     string
	conn   *conn
	feed   Feed
	ctx    context.Context // ends with the subscription
	cancel context.CancelCauseFunc
	write  context.Context // ends with the connection
	batch  *stdio.Batch
	prefix []byte
}

// endedError is the cause with which a subscription is ended from outside.
type endedError struct{ reason session.StreamEnd }

func (e endedError) Error() string { return "stream ended: " + string(e.reason) }

func (s *subscription) end(reason session.StreamEnd) { s.cancel(endedError{reason}) }

// subscribe makes room for a feed; its pump is started after the answer.
func (c *conn) subscribe(ctx context.Context) (*subscription, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finishing {
		return nil, errShutDown()
	}
	if len(c.subscriptions) >= maxSubscriptions {
		return nil, universal.InvalidRequest("this connection has %d subscriptions; end some with sessions/unsubscribe", maxSubscriptions)
	}
	c.lastID++
	sub := &subscription{id: "sub_" + strconv.FormatUint(c.lastID, 10), conn: c, batch: c.stream.NewBatch()}
	sub.ctx, sub.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	sub.prefix = fmt.Appendf(nil, `{"jsonrpc":"2.0","method":"session/event","params":{"subscriptionId":%q,"event":`, sub.id)
	c.subscriptions[sub.id] = sub
	c.pumps.Add(1)
	return sub, nil
}

func (c *conn) forget(sub *subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.subscriptions, sub.id)
}

func (c *conn) unsubscribe(_ context.Context, p *UnsubscribeParams) (Empty, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sub := c.subscriptions[p.SubscriptionID]
	if sub == nil {
		return Empty{}, universal.InvalidRequest("unknown subscription id: %s; it may have ended", p.SubscriptionID)
	}
	sub.end(session.EndUnsubscribed)
	return Empty{}, nil
}

// pump runs the feed. The context ends with the connection.
func (s *subscription) pump(ctx context.Context) {
	defer s.conn.pumps.Done()
	defer s.cancel(nil)
	defer context.AfterFunc(ctx, func() { s.end(session.EndShutdown) })()
	s.write = ctx
	end, err := s.feed(s.ctx, s)
	s.conn.forget(s)
	if err != nil {
		ended, ok := errors.AsType[endedError](context.Cause(s.ctx))
		if !ok || ctx.Err() != nil {
			s.conn.server.logger.Debug("stdio: a stream broke", "subscription", s.id, "error", err)
			return
		}
		end = ended.reason
	}
	s.batch.Reset()
	s.notify("session/streamEnded", StreamEnded{SubscriptionID: s.id, Reason: end})
}

// StreamEnded are the params of the last notification of a subscription.
type StreamEnded struct {
	SubscriptionID string            `json:"subscriptionId"`
	Reason         session.StreamEnd `json:"reason"`
}

// SessionChanged are the params of a session/changed notification.
type SessionChanged struct {
	SubscriptionID string       `json:"subscriptionId"`
	Session        session.Info `json:"session"`
}

func (s *subscription) notify(method string, params any) {
	err := s.add(method, params)
	if err == nil {
		err = s.conn.stream.WriteBatch(s.write, s.batch)
	}
	if err != nil {
		s.conn.server.logger.Debug("stdio: the end of a stream could not be told", "subscription", s.id, "error", err)
	}
}

func (s *subscription) add(method string, params any) error {
	b, err := json.Marshal(struct {
		JSONRPC string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
	}{"2.0", method, params})
	if err != nil {
		return err
	}
	s.batch.Append(b)
	return nil
}

var eventSuffix = []byte(`}}}`) // ends event, params, message

// Event implements [FeedWriter].
func (s *subscription) Event(_ uint64, head, raw []byte) error {
	s.batch.Append(s.prefix, head, raw, eventSuffix)
	if s.batch.Len() >= stdio.BatchBytes {
		return s.flush()
	}
	return nil
}

// Changed implements [FeedWriter].
func (s *subscription) Changed(info session.Info) error {
	return s.add("session/changed", SessionChanged{SubscriptionID: s.id, Session: info})
}

// Flush implements [FeedWriter].
func (s *subscription) Flush() error {
	err := s.flush()
	s.batch.Rest()
	return err
}

// flush writes what was gathered. A stream that its client gave up stops at
// once; one that ends with the server still delivers what is there.
func (s *subscription) flush() error {
	if cause := context.Cause(s.ctx); errors.Is(cause, endedError{session.EndUnsubscribed}) {
		return cause
	}
	if err := s.conn.stream.WriteBatch(s.write, s.batch); err != nil {
		return err
	}
	s.conn.batches.Add(1)
	return nil
}
