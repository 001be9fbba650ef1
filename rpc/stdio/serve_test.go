package stdio

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sourcegraph/jsonrpc2"
)

// session is a server on one end of a connection, with what it writes collected on
// the other.
type session struct {
	client *joined
	stream *Stream
	out    *collector
	served chan error
}

func start(ctx context.Context, so StreamOptions, h func(*Stream) Handler, opts ServeOptions) *session {
	client, server := pipes()
	s := &session{client: client, stream: NewStream(server, so), out: collect(client), served: make(chan error, 1)}
	go func() { s.served <- Serve(ctx, s.stream, h(s.stream), opts) }()
	return s
}

func (s *session) send(t *testing.T, format string, args ...any) {
	t.Helper()
	if _, err := fmt.Fprintf(s.client, format+"\n", args...); err != nil {
		t.Errorf("send: %v", err)
	}
}

func TestServeEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("told to stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		s := start(ctx, StreamOptions{}, testHandler, ServeOptions{DrainTimeout: time.Second})
		s.send(t, `{"id":1,"method":"wait"}`)
		synctest.Wait()
		began := time.Now()
		cancel(cause)
		synctest.Wait()
		s.send(t, `{"id":2,"method":"echo"}`)
		if err := <-s.served; !errors.Is(err, cause) {
			t.Errorf("Serve = %v, want %v", err, cause)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v, want the drain timeout", took)
		}
		want := []string{
			`{"jsonrpc":"2.0","id":2,"error":{"code":-32600,"message":"connection is shutting down"}}`,
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"connection is shutting down"}}`,
		}
		if diff := cmp.Diff(want, s.out.messages(t, FramingLine)); diff != "" {
			t.Errorf("output (-want +got):\n%s", diff)
		}
	})
}

func TestServeWaitsForAnswersAtEOF(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := func(*Stream) Handler {
			return func(context.Context, *Request) (any, func(context.Context), error) {
				time.Sleep(900 * time.Millisecond) // of the bubble's clock
				return "late", nil, nil
			}
		}
		s := start(t.Context(), StreamOptions{}, h, ServeOptions{DrainTimeout: time.Second})
		s.send(t, `{"id":1,"method":"x"}`)
		s.client.CloseWrite()
		if err := <-s.served; err != nil {
			t.Errorf("Serve = %v", err)
		}
		if diff := cmp.Diff([]string{`{"jsonrpc":"2.0","id":1,"result":"late"}`}, s.out.messages(t, FramingLine)); diff != "" {
			t.Errorf("output (-want +got):\n%s", diff)
		}
	})
}

func TestServeReportsBrokenOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t.Context(), StreamOptions{}, testHandler, ServeOptions{})
		s.send(t, `{"id":1,"method":"wait"}`)
		s.client.ReadCloser.Close()
		s.send(t, `{"id":2,"method":"echo"}`)
		if err := <-s.served; !errors.Is(err, ErrOutputBroken) || !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("Serve = %v, want the broken output", err)
		}
	})
}

func TestServeReportsClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t.Context(), StreamOptions{}, testHandler, ServeOptions{})
		s.send(t, `{"id":2,"method":"wait"}`)
		synctest.Wait()
		s.stream.Close()
		if err := <-s.served; !errors.Is(err, ErrClosed) {
			t.Errorf("Serve = %v, want ErrClosed", err)
		}
	})
}

// A client that sends much and reads nothing must not make the server hold more
// than its bounds, and must be able to go on.
func TestServeHoldsBackAFloodOfBadLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pipes()
		s := NewStream(server, StreamOptions{})
		served := make(chan error, 1)
		go func() { served <- Serve(t.Context(), s, testHandler(s), ServeOptions{}) }()
		const lines = 10_000
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			client.Write(bytes.Repeat([]byte("x\n"), lines))
			client.CloseWrite()
		}()
		time.Sleep(time.Hour) // of the bubble's clock: nothing is lost by waiting
		out := collect(client)
		<-sent
		if err := <-served; err != nil {
			t.Errorf("Serve = %v", err)
		}
		if got := len(out.messages(t, FramingLine)); got != lines {
			t.Errorf("%d answers, want %d", got, lines)
		}
	})
}

// More requests than places: they are held back, none is refused as long as places
// come free.
func TestServeBoundsRequestsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, total = 4, 40
		running := make(chan int, total)
		places := make(chan struct{}, limit)
		h := func(*Stream) Handler {
			return func(context.Context, *Request) (any, func(context.Context), error) {
				select {
				case places <- struct{}{}:
				default:
					t.Error("more requests in flight than allowed")
				}
				running <- len(places)
				time.Sleep(900 * time.Millisecond)
				<-places
				return true, nil, nil
			}
		}
		s := start(t.Context(), StreamOptions{}, h, ServeOptions{MaxInFlight: limit})
		for i := range total {
			s.send(t, `{"id":%d,"method":"x"}`, i)
		}
		s.client.CloseWrite()
		if err := <-s.served; err != nil {
			t.Errorf("Serve = %v", err)
		}
		got := s.out.messages(t, FramingLine)
		refused := slices.DeleteFunc(slices.Clone(got), func(m string) bool { return strings.Contains(m, `"result":true`) })
		if len(got) != total || len(refused) != 0 {
			t.Errorf("%d answers of %d, refused: %v", len(got), total, refused)
		}
	})
}

// All places are taken by requests that only a cancel notice ends, and more
// requests stand before it.
func TestServeReadsCancelBehindStalledRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t.Context(), StreamOptions{}, testHandler, ServeOptions{MaxInFlight: 2, Patience: time.Second})
		s.send(t, `{"id":1,"method":"wait"}`)
		s.send(t, `{"id":2,"method":"wait"}`)
		for i := range 3 {
			s.send(t, `{"id":%d,"method":"echo"}`, 10+i)
		}
		s.send(t, `{"method":"echo"}`) // a notification is dropped
		s.send(t, `{"method":"$/cancelRequest","params":{"id":1}}`)
		synctest.Wait()
		s.send(t, `{"id":20,"method":"echo"}`)
		synctest.Wait()
		s.send(t, `{"method":"$/cancelRequest","params":{"id":2}}`)
		synctest.Wait()
		s.client.CloseWrite()
		if err := <-s.served; err != nil {
			t.Errorf("Serve = %v", err)
		}
		const refused = `"error":{"code":-32603,"message":"too many requests in flight: wait for answers before sending more (limit 2)"}}`
		want := []string{
			`{"jsonrpc":"2.0","id":10,` + refused,
			`{"jsonrpc":"2.0","id":11,` + refused,
			`{"jsonrpc":"2.0","id":12,` + refused,
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32800,"message":"request cancelled"}}`,
			`{"jsonrpc":"2.0","id":20,"result":{}}`,
			`{"jsonrpc":"2.0","id":2,"error":{"code":-32800,"message":"request cancelled"}}`,
		}
		if diff := cmp.Diff(want, s.out.messages(t, FramingLine)); diff != "" {
			t.Errorf("output (-want +got):\n%s", diff)
		}
	})
}

func TestServeBoundsBytesInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t.Context(), StreamOptions{}, testHandler, ServeOptions{MaxInFlightBytes: 100})
		s.send(t, `{"id":1,"method":"wait","params":{"x":%q}}`, strings.Repeat("x", 200)) // alone it fits
		s.send(t, `{"id":2,"method":"echo"}`)
		synctest.Wait()
		s.send(t, `{"method":"$/cancelRequest","params":{"id":1}}`)
		synctest.Wait()
		s.send(t, `{"id":3,"method":"echo"}`)
		s.client.CloseWrite()
		<-s.served
		got := s.out.messages(t, FramingLine)
		if len(got) != 3 || !strings.Contains(got[0], `"id":2,"error"`) || !strings.Contains(got[1], "-32800") || !strings.Contains(got[2], `"id":3,"result"`) {
			t.Errorf("output: %v", got)
		}
	})
}

// A depth that json.Valid refuses, and one that it accepts but that would be a
// problem for a recursive reader.
func TestServeSurvivesDepth(t *testing.T) {
	for _, depth := range []int{9_000, 1_000_000} {
		s := start(t.Context(), StreamOptions{}, testHandler, unhurried)
		s.send(t, `{"id":1,"method":"null","params":{"x":%s%s}}`, strings.Repeat("[", depth), strings.Repeat("]", depth))
		s.send(t, `%s`, strings.Repeat("[", depth))
		s.send(t, `%s`, strings.Repeat(`{"a":`, depth))
		s.client.CloseWrite()
		if err := <-s.served; err != nil {
			t.Errorf("depth %d: Serve = %v", depth, err)
		}
		if got := s.out.messages(t, FramingLine); len(got) != 3 {
			t.Errorf("depth %d: %v", depth, got)
		}
	}
}

func TestServeLogsPanics(t *testing.T) {
	var log bytes.Buffer
	h := func(*Stream) Handler {
		return func(_ context.Context, req *Request) (any, func(context.Context), error) {
			if req.Method == "after" {
				return "fine", func(context.Context) { panic("in after") }, nil
			}
			panic("in handler")
		}
	}
	s := start(t.Context(), StreamOptions{}, h, ServeOptions{DrainTimeout: unhurried.DrainTimeout, Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	s.send(t, `{"id":1,"method":"x"}`)
	s.send(t, `{"id":2,"method":"after"}`)
	s.client.CloseWrite()
	if err := <-s.served; err != nil {
		t.Errorf("Serve = %v", err)
	}
	if got := s.out.messages(t, FramingLine); len(got) != 2 || strings.Contains(strings.Join(got, ""), "in handler") {
		t.Errorf("output: %v", got)
	}
	for _, want := range []string{"in handler", "in after", "TestServeLogsPanics"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log doesn't have %q:\n%s", want, log.String())
		}
	}
}

func TestServeMapsErrors(t *testing.T) {
	data := json.RawMessage(`{"type":"urn:x"}`)
	toError := func(err error) *jsonrpc2.Error {
		if errors.Is(err, ErrParse) {
			return nil // has no opinion
		}
		if errors.Is(err, ErrInvalidMessage) {
			bad := json.RawMessage(`{`)
			return &jsonrpc2.Error{Code: -1, Message: "data can't be encoded", Data: &bad}
		}
		return &jsonrpc2.Error{Code: -32006, Message: err.Error(), Data: &data}
	}
	synctest.Test(t, func(t *testing.T) {
		s := start(t.Context(), StreamOptions{MapError: toError}, testHandler, ServeOptions{})
		for _, line := range []string{`{"id":1,"method":"fail"}`, `x`, `[]`} {
			s.send(t, "%s", line)
			synctest.Wait()
		}
		s.client.CloseWrite()
		<-s.served
		want := []string{
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32006,"message":"out of luck","data":{"type":"urn:x"}}}`,
			`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error: not valid JSON"}}`,
			`{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"data can't be encoded"}}`,
		}
		if diff := cmp.Diff(want, s.out.messages(t, FramingLine)); diff != "" {
			t.Errorf("output (-want +got):\n%s", diff)
		}
	})
}

// What a handler started after its answer lives as long as the connection, and has
// the last word.
func TestServeWaitsForAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := func(s *Stream) Handler {
			return func(context.Context, *Request) (any, func(context.Context), error) {
				return "subscribed", func(ctx context.Context) {
					<-ctx.Done()
					b := s.NewBatch()
					appendEvent(b, "s1", []byte(`"last"`))
					if err := s.WriteBatch(context.WithoutCancel(ctx), b); err != nil {
						t.Errorf("WriteBatch: %v", err)
					}
				}, nil
			}
		}
		s := start(t.Context(), StreamOptions{}, h, ServeOptions{})
		s.send(t, `{"id":1,"method":"subscribe"}`)
		synctest.Wait()
		s.client.CloseWrite()
		if err := <-s.served; err != nil {
			t.Errorf("Serve = %v", err)
		}
		want := []string{
			`{"jsonrpc":"2.0","id":1,"result":"subscribed"}`,
			`{"jsonrpc":"2.0","method":"session/event","params":{"subscriptionId":"s1","event":"last"}}`,
		}
		if diff := cmp.Diff(want, s.out.messages(t, FramingLine)); diff != "" {
			t.Errorf("output (-want +got):\n%s", diff)
		}
	})
}

// A client that reads nothing any more must not keep the connection from ending.
func TestServeEndsWithABlockedReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pipes()
		s := NewStream(server, StreamOptions{})
		served := make(chan error, 1)
		go func() { served <- Serve(t.Context(), s, testHandler(s), ServeOptions{}) }()
		fmt.Fprintln(client, `{"id":1,"method":"subscribe"}`)
		fmt.Fprintln(client, `{"id":2,"method":"echo"}`)
		client.CloseWrite()
		if err := <-served; err != nil {
			t.Errorf("Serve = %v, want nil at the end of the input", err)
		}
		client.Close()
	})
}
