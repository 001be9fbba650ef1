package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/rpc/stdio"
)

// Client speaks to a bridge over stdio or any other byte stream. It is safe
// for concurrent use. Errors of the bridge are *universal.Error.
type Client struct {
	wire *stdio.Client
	wait func() error // for the process that Spawn started

	mu    sync.Mutex
	subs  map[string]*Subscription
	early map[string]session.StreamEnd // of subscriptions whose answer is under way
}

// NewClient makes a client on a byte stream, which it owns from then on.
func NewClient(rwc io.ReadWriteCloser, framing stdio.Framing) *Client {
	c := &Client{subs: map[string]*Subscription{}, early: map[string]session.StreamEnd{}}
	c.wire = stdio.NewClient(rwc, stdio.ClientOptions{Framing: framing, OnNotification: c.notified})
	return c
}

// Spawn starts a bridge as a child process, such as
//
//	Spawn(exec.Command("sandbox-agent", "stdio"))
//
// and makes a client on its standard streams. Its standard error is the
// command's to choose.
func Spawn(cmd *exec.Cmd) (*Client, error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start bridge: %w", err)
	}
	r, w, err := os.Pipe() // unlike StdoutPipe, it stays readable after Wait
	if err != nil {
		return nil, fmt.Errorf("start bridge: %w", err)
	}
	cmd.Stdout = w
	err = cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("start bridge: %w", err)
	}
	c := NewClient(stdio.Join(r, stdin), stdio.FramingLine)
	c.wait = cmd.Wait
	return c, nil
}

// Call calls a method of the table.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	return fromRPCError(c.wire.Call(ctx, method, params, result))
}

// Close ends the connection: the bridge ends its sessions and, when Spawn
// started it, exits; its exit is waited for.
func (c *Client) Close() error {
	if c.wire.CloseWrite() == nil {
		<-c.wire.Done() // what is still under way arrives
	}
	err := c.wire.Close()
	if c.wait != nil {
		err = errors.Join(err, c.wait())
	}
	return err
}

// Done is closed when the bridge has ended the connection.
func (c *Client) Done() <-chan struct{} { return c.wire.Done() }

func (c *Client) isDone() bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}

// Create makes a session.
func (c *Client) Create(ctx context.Context, opts session.CreateOptions) (CreateResult, error) {
	var r CreateResult
	return r, c.Call(ctx, "sessions/create", opts, &r)
}

// Send sends a message.
func (c *Client) Send(ctx context.Context, sessionID string, msg session.MessageOptions) (session.SendResult, error) {
	var r session.SendResult
	return r, c.Call(ctx, "sessions/sendMessage", SendParams{SessionID: sessionID, MessageOptions: msg}, &r)
}

// Get describes a session.
func (c *Client) Get(ctx context.Context, sessionID string) (session.Info, error) {
	var r session.Info
	return r, c.Call(ctx, "sessions/get", SessionParams{SessionID: sessionID}, &r)
}

// Interrupt ends the running turn.
func (c *Client) Interrupt(ctx context.Context, sessionID string) error {
	return c.Call(ctx, "sessions/interrupt", InterruptParams{SessionID: sessionID}, nil)
}

// Terminate ends a session.
func (c *Client) Terminate(ctx context.Context, sessionID string) error {
	return c.Call(ctx, "sessions/terminate", SessionParams{SessionID: sessionID}, nil)
}

// Shutdown ends all sessions and lets the bridge exit.
func (c *Client) Shutdown(ctx context.Context) error {
	if err := c.Call(ctx, "shutdown", nil, nil); err != nil {
		return err
	}
	return c.wire.Notify(ctx, "exit", nil)
}
