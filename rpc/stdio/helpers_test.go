package stdio

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// unhurried is for servers outside of a bubble: what they were sent they answer,
// however slow the machine is. A test waits for it only if something hangs.
var unhurried = ServeOptions{DrainTimeout: time.Minute, Patience: time.Minute}

// pipes returns the two ends of a connection in memory.
func pipes() (client, server *joined) {
	r1, w1 := io.Pipe()
	r2, w2 := io.Pipe()
	return &joined{r2, w1}, &joined{r1, w2}
}

// testHandler is a server with one method for each kind of behaviour.
func testHandler(s *Stream) Handler {
	return func(ctx context.Context, req *Request) (any, func(context.Context), error) {
		switch req.Method {
		case "echo":
			if req.Params == nil {
				return struct{}{}, nil, nil
			}
			return req.Params, nil, nil
		case "wait":
			<-ctx.Done()
			return nil, nil, ctx.Err()
		case "stubborn":
			<-ctx.Done()
			return "finished nevertheless", nil, nil
		case "null":
			return nil, nil, nil
		case "fail":
			return nil, nil, errors.New("out of luck")
		case "unencodable":
			return make(chan int), nil, nil
		case "panic":
			panic("a secret")
		case "separators":
			return "\u2028\u2029\n", nil, nil
		case "subscribe":
			return map[string]string{"subscriptionId": "s1"}, func(ctx context.Context) {
				b := s.NewBatch()
				for i := range 3 {
					appendEvent(b, "s1", fmt.Appendf(nil, `{"sequence":%d}`, i+1))
				}
				s.WriteBatch(ctx, b)
			}, nil
		}
		return nil, nil, fmt.Errorf("no method %s", req.Method)
	}
}

// appendEvent adds a notification as the event log's readers do.
func appendEvent(b *Batch, subscription string, event []byte) {
	b.Append([]byte(`{"jsonrpc":"2.0","method":"session/event","params":{"subscriptionId":"`+subscription+`","event":`), event, []byte(`}}`))
}

// splitFrames is an independent and strict reader of output: it returns the
// messages in data and fails on anything that is not a whole frame of one line of
// JSON.
func splitFrames(f Framing, data []byte) ([]string, error) {
	var messages []string
	r := bufio.NewReader(bytes.NewReader(data))
	for {
		var body []byte
		if f == FramingHeader {
			head, err := r.ReadString('\n')
			if err == io.EOF && head == "" {
				return messages, nil
			}
			number, ok := strings.CutPrefix(head, "Content-Length: ")
			n, convErr := strconv.Atoi(strings.TrimSuffix(number, "\r\n"))
			if err != nil || !ok || convErr != nil {
				return messages, fmt.Errorf("bad header %q", head)
			}
			if blank, _ := r.ReadString('\n'); blank != "\r\n" {
				return messages, fmt.Errorf("bad end of header %q", blank)
			}
			body = make([]byte, n)
			if _, err := io.ReadFull(r, body); err != nil {
				return messages, fmt.Errorf("body: %w", err)
			}
		} else {
			line, err := r.ReadBytes('\n')
			if err == io.EOF && len(line) == 0 {
				return messages, nil
			}
			if err != nil {
				return messages, fmt.Errorf("line %q: %w", line, err)
			}
			body = line[:len(line)-1]
		}
		if !json.Valid(body) || body[0] != '{' || bytes.ContainsAny(body, "\n\r\u2028\u2029") {
			return messages, fmt.Errorf("not one line of JSON: %q", body)
		}
		messages = append(messages, string(body))
	}
}

// appendFrame puts one message into its frame.
func appendFrame(f Framing, dst []byte, message string) []byte {
	dst = f.appendFrameHead(dst, len(message))
	return f.appendFrameTail(append(dst, message...))
}

// collector keeps what is written to a connection's far end.
type collector struct {
	mu   sync.Mutex
	data []byte
	done chan struct{}
}

func collect(r io.Reader) *collector {
	c := &collector{done: make(chan struct{})}
	go func() { // ends with r
		defer close(c.done)
		buf := make([]byte, 64<<10)
		for {
			n, err := r.Read(buf)
			c.mu.Lock()
			c.data = append(c.data, buf[:n]...)
			c.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return c
}

// messages waits for the end of the connection.
func (c *collector) messages(tb testing.TB, f Framing) []string {
	tb.Helper()
	<-c.done
	got, err := splitFrames(f, c.data)
	if err != nil {
		tb.Fatalf("output: %v", err)
	}
	return got
}
