package stdio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sourcegraph/jsonrpc2"
)

// connect returns a client of a server with h, and a function that ends both.
func connect(tb testing.TB, h func(*Stream) Handler, opts ClientOptions) (*Client, func()) {
	tb.Helper()
	near, far := pipes()
	s := NewStream(far, StreamOptions{})
	served := make(chan error, 1)
	go func() { served <- Serve(context.Background(), s, h(s), unhurried) }()
	c := NewClient(near, opts)
	return c, func() {
		tb.Helper()
		if err := c.CloseWrite(); err != nil {
			tb.Errorf("CloseWrite: %v", err)
		}
		if err := <-served; err != nil {
			tb.Errorf("Serve: %v", err)
		}
		<-c.Done()
		if err := c.Err(); !errors.Is(err, ErrServerGone) {
			tb.Errorf("Err = %v, want ErrServerGone", err)
		}
		if err := c.Call(context.Background(), "echo", nil, nil); !errors.Is(err, ErrServerGone) {
			tb.Errorf("Call after the end = %v, want ErrServerGone", err)
		}
		if err := c.Close(); err != nil {
			tb.Errorf("Close: %v", err)
		}
	}
}

func TestClientCalls(t *testing.T) {
	for _, framing := range []Framing{FramingLine, FramingHeader} {
		t.Run(framing.String(), func(t *testing.T) {
			var events []string
			seen := make(chan struct{})
			c, end := connect(t, testHandler, ClientOptions{
				Framing: framing,
				OnNotification: func(method string, params json.RawMessage) {
					if events = append(events, method+" "+string(params)); len(events) == 3 {
						close(seen)
					}
				},
			})
			params := map[string]string{"text": strings.Repeat("ü\u2028\n", 100_000)}
			var got map[string]string
			if err := c.Call(t.Context(), "echo", params, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(params, got); diff != "" {
				t.Errorf("echo (-want +got):\n%s", diff)
			}
			if err := c.Call(t.Context(), "null", nil, nil); err != nil {
				t.Error(err)
			}
			err := c.Call(t.Context(), "fail", nil, nil)
			if rpcErr, ok := err.(*jsonrpc2.Error); !ok || rpcErr.Code != jsonrpc2.CodeInternalError || rpcErr.Message != "out of luck" {
				t.Errorf("fail: %#v", err)
			}
			if err := c.Call(t.Context(), "separators", nil, new(int)); err == nil || !strings.Contains(err.Error(), "decode") {
				t.Errorf("a result of another type: %v", err)
			}
			if err := c.Call(t.Context(), "echo", make(chan int), nil); err == nil {
				t.Error("params that can't be encoded were sent")
			}
			if err := c.Notify(t.Context(), "unknown", nil); err != nil {
				t.Error(err)
			}
			if err := c.Call(t.Context(), "subscribe", nil, nil); err != nil {
				t.Error(err)
			}
			<-seen
			var want []string
			for i := range 3 {
				want = append(want, fmt.Sprintf(`session/event {"subscriptionId":"s1","event":{"sequence":%d}}`, i+1))
			}
			if diff := cmp.Diff(want, events); diff != "" {
				t.Errorf("notifications (-want +got):\n%s", diff)
			}
			end()
		})
	}
}

func TestClientCallsConcurrently(t *testing.T) {
	c, end := connect(t, testHandler, ClientOptions{})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			var got struct{ N int }
			if err := c.Call(t.Context(), "echo", map[string]int{"N": i}, &got); err != nil || got.N != i {
				t.Errorf("echo %d = %d, %v", i, got.N, err)
			}
		})
	}
	wg.Wait()
	end()
}

func TestClientCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		h := func(*Stream) Handler {
			return func(ctx context.Context, _ *Request) (any, func(context.Context), error) {
				<-ctx.Done()
				ended <- context.Cause(ctx)
				return nil, nil, ctx.Err()
			}
		}
		c, end := connect(t, h, ClientOptions{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := c.Call(ctx, "wait", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Call = %v, want the deadline", err)
		}
		if cause := <-ended; !errors.Is(cause, ErrCancelled) {
			t.Errorf("the request's context ended with %v", cause)
		}
		synctest.Wait()
		c.mu.Lock()
		if n := len(c.pending); n != 0 {
			t.Errorf("%d calls are still in the table", n)
		}
		c.mu.Unlock()
		end()
	})
}

// The server's side is played by hand here.
func TestClientAgainstOddServers(t *testing.T) {
	tests := []struct {
		name, sends string
		want        string // of the error of Err
	}{
		{"stray text", "starting up...\n", `receive "starting up..."`},
		{"neither", `{"jsonrpc":"2.0"}` + "\n", "neither method nor result"},
		{"bad error", `{"id":1,"error":7}` + "\n", "error is not an error object"},
		{"too long", strings.Repeat("x", 200) + "\n", "message too long"},
		{"late answer", `{"id":77,"result":1}` + "\n", ErrServerGone.Error()},
		{"string id", `{"id":"x","result":1}` + "\n", ErrServerGone.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			near, far := pipes()
			c := NewClient(near, ClientOptions{MaxMessageBytes: 100})
			if _, err := far.Write([]byte(tt.sends)); err != nil && !errors.Is(err, ErrClosed) {
				t.Logf("the client stopped reading: %v", err)
			}
			far.CloseWrite()
			<-c.Done()
			if err := c.Err(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Err = %v, want %s", err, tt.want)
			}
			c.Close()
			far.Close()
		})
	}
}

func TestClientRefusesRequestsAndReportsErrors(t *testing.T) {
	near, far := pipes()
	reported := make(chan *jsonrpc2.Error, 1)
	c := NewClient(near, ClientOptions{OnError: func(err *jsonrpc2.Error) { reported <- err }})
	out := collect(far)
	far.Write([]byte(`{"jsonrpc":"2.0","id":"q1","method":"ask","params":{}}` + "\n"))
	far.Write([]byte(`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}` + "\n"))
	if err := <-reported; err.Code != jsonrpc2.CodeParseError {
		t.Errorf("reported %v", err)
	}
	c.Close()
	want := []string{`{"jsonrpc":"2.0","id":"q1","error":{"code":-32601,"message":"method not found: ask"}}`}
	if diff := cmp.Diff(want, out.messages(t, FramingLine)); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestClientCloseFailsPendingCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipes()
		c := NewClient(near, ClientOptions{})
		out := collect(far)
		failed := make(chan error, 1)
		go func() { failed <- c.Call(t.Context(), "wait", nil, nil) }()
		synctest.Wait()
		c.Close()
		if err := <-failed; !errors.Is(err, ErrClosed) {
			t.Errorf("Call = %v, want ErrClosed", err)
		}
		<-out.done
	})
}
