package stdio

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"
)

// endless yields the same byte again and again.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// Messages far over the limit, and headers that promise what never comes, must not
// cost memory.
func TestOverlongMessagesAreNotHeld(t *testing.T) {
	const limit, length = 1 << 20, 32 << 20
	huge := func() io.Reader { return io.LimitReader(endless('x'), length) }
	tests := []struct {
		name  string
		input io.Reader
		want  int // answers
	}{
		{"line", io.MultiReader(strings.NewReader(`{"x":"`), huge(), strings.NewReader("\n{\"id\":1,\"method\":\"null\"}\n")), 2},
		{"header", io.MultiReader(strings.NewReader("Content-Length: 33554432\r\n\r\n"), huge(), strings.NewReader("Content-Length: 24\r\n\r\n{\"id\":1,\"method\":\"null\"}")), 2},
		{"header line", io.MultiReader(strings.NewReader("C"), huge(), strings.NewReader("\r\nContent-Length: 24\r\n\r\n{\"id\":1,\"method\":\"null\"}")), 2},
		{"promise", strings.NewReader("Content-Length: 1048576\r\n\r\n{"), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn := &memory{Reader: tt.input}
			s := NewStream(conn, StreamOptions{MaxMessageBytes: limit})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := Serve(t.Context(), s, testHandler(s), unhurried); err != nil {
				t.Errorf("Serve = %v", err)
			}
			runtime.ReadMemStats(&after)
			// Growing to the limit costs a small multiple of it.
			if got := after.TotalAlloc - before.TotalAlloc; got > 8*limit {
				t.Errorf("%d bytes were allocated for messages of at most %d", got, limit)
			}
			got, err := splitFrames(s.Framing(), conn.Bytes())
			if err != nil || len(got) != tt.want {
				t.Errorf("output %v, %v, want %d answers", got, err, tt.want)
			}
		})
	}
}

// A message of the full length is worked on, in both framings.
func TestMessageOfTheFullLength(t *testing.T) {
	const limit = 4 << 20
	head, tail := `{"id":1,"method":"echo","params":{"x":"`, `"}}`
	message := head + strings.Repeat("x", limit-len(head)-len(tail)) + tail
	for _, framing := range []Framing{FramingLine, FramingHeader} {
		conn := &memory{Reader: bytes.NewReader(appendFrame(framing, nil, message))}
		s := NewStream(conn, StreamOptions{MaxMessageBytes: limit})
		if err := Serve(t.Context(), s, testHandler(s), unhurried); err != nil {
			t.Errorf("Serve = %v", err)
		}
		got, err := splitFrames(framing, conn.Bytes())
		if err != nil || len(got) != 1 || !strings.Contains(got[0], `"result":{"x":"xxx`) || len(got[0]) < limit-100 {
			t.Errorf("%v: %d answers, %v", framing, len(got), err)
		}
	}
}

// A batch that rests holds little, and one in use its buffer.
func TestBatchRests(t *testing.T) {
	conn := &memory{Reader: strings.NewReader("")}
	s := NewStream(conn, StreamOptions{Framing: FramingLine})
	b := s.NewBatch()
	for _, size := range []int{restBytes / 2, BatchBytes} {
		b.Append(bytes.Repeat([]byte("x"), size))
		held := cap(b.buf)
		if b.Rest(); b.Len() == 0 {
			t.Error("what is to be written is gone")
		}
		if err := s.WriteBatch(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if cap(b.buf) != held {
			t.Errorf("a batch in use lost its buffer of %d bytes", held)
		}
		if b.Rest(); cap(b.buf) > restBytes {
			t.Errorf("%d bytes are held at rest", cap(b.buf))
		}
	}
}
