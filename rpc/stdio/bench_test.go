package stdio

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"testing"
)

// event is an encoded event of 303 bytes.
var event = []byte(`{"sequence":123456,"type":"item.delta","data":{"delta":"` + string(bytes.Repeat([]byte("x"), 245)) + `"}}`)

// osPipe returns a pipe of the operating system.
func osPipe(b *testing.B) (r, w *os.File) {
	b.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	return r, w
}

// BenchmarkBatch sends events over a pipe in batches; one operation is one event.
func BenchmarkBatch(b *testing.B) {
	for _, framing := range []Framing{FramingLine, FramingHeader} {
		b.Run(framing.String(), func(b *testing.B) {
			r, w := osPipe(b)
			drained := make(chan struct{})
			go func() {
				defer close(drained)
				buf := make([]byte, 256<<10)
				for {
					if _, err := r.Read(buf); err != nil {
						return
					}
				}
			}()
			s := NewStream(Join(io.NopCloser(nil), w), StreamOptions{Framing: framing})
			batch := s.NewBatch()
			head := []byte(`{"jsonrpc":"2.0","method":"session/event","params":{"subscriptionId":"s1","event":`)
			tail := []byte(`}}`)
			b.SetBytes(int64(len(head) + len(event) + len(tail) + 1))
			b.ReportAllocs()
			for b.Loop() {
				batch.Append(head, event, tail)
				if batch.Len() > BatchBytes-1024 {
					if err := s.WriteBatch(context.Background(), batch); err != nil {
						b.Fatal(err)
					}
				}
			}
			s.Close()
			<-drained
		})
	}
}

// BenchmarkRoundTrip is one call after the other.
func BenchmarkRoundTrip(b *testing.B) {
	r1, w1 := osPipe(b)
	r2, w2 := osPipe(b)
	s := NewStream(Join(r1, w2), StreamOptions{})
	served := make(chan error, 1)
	go func() { served <- Serve(context.Background(), s, testHandler(s), unhurried) }()
	c := NewClient(Join(r2, w1), ClientOptions{})
	params := map[string]any{"sessionId": "s1", "message": "hello"}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Call(context.Background(), "echo", params, nil); err != nil {
			b.Fatal(err)
		}
	}
	c.Close()
	<-served
}

// BenchmarkReceive is a client that gets events from a pipe; one operation is one.
func BenchmarkReceive(b *testing.B) {
	r, w := osPipe(b)
	n := 0
	c := NewClient(Join(r, struct {
		io.Writer
		io.Closer
	}{io.Discard, io.NopCloser(nil)}), ClientOptions{OnNotification: func(_ string, params json.RawMessage) { n += len(params) }})
	s := NewStream(Join(io.NopCloser(nil), w), StreamOptions{Framing: FramingLine})
	batch := s.NewBatch()
	b.ReportAllocs()
	for b.Loop() {
		appendEvent(batch, "s1", event)
		if batch.Len() > BatchBytes-1024 {
			if err := s.WriteBatch(context.Background(), batch); err != nil {
				b.Fatal(err)
			}
		}
	}
	s.WriteBatch(context.Background(), batch)
	s.Close()
	<-c.Done()
	c.Close()
	if n == 0 {
		b.Error("nothing was received")
	}
}
