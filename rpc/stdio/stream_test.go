package stdio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBatchInBothFramings(t *testing.T) {
	for _, framing := range []Framing{FramingLine, FramingHeader} {
		t.Run(framing.String(), func(t *testing.T) {
			client, server := pipes()
			out := collect(client)
			s := NewStream(server, StreamOptions{Framing: framing})
			b := s.NewBatch()
			var want []string
			for i, size := range []int{1, 1000, BatchBytes + 1, 10, 2 * keepBytes, 1} {
				text := strings.Repeat("x", size)
				b.Append([]byte(`{"n":`), fmt.Append(nil, i), []byte(`,"text":"`), []byte(text), []byte(`"}`))
				want = append(want, fmt.Sprintf(`{"n":%d,"text":%q}`, i, text))
			}
			if err := s.WriteBatch(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			if b.Len() != 0 || cap(b.buf) > keepBytes {
				t.Errorf("after WriteBatch the batch has %d bytes and keeps %d", b.Len(), cap(b.buf))
			}
			if err := s.WriteBatch(t.Context(), b); err != nil {
				t.Errorf("an empty batch: %v", err)
			}
			s.Close()
			if got := out.messages(t, framing); !slices.Equal(want, got) {
				t.Errorf("%d messages, want %d", len(got), len(want))
			}
		})
	}
}

// writes keeps the size of every Write.
type writes struct {
	*joined
	sizes chan int
}

func (w writes) Write(p []byte) (int, error) {
	w.sizes <- len(p)
	return len(p), nil
}

// A response that waits is written after the piece of a batch that is being
// written, not after the batch; and no piece is longer than it may be.
func TestResponseGoesBetweenPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, server := pipes()
		sizes := make(chan int)
		s := NewStream(writes{server, sizes}, StreamOptions{Framing: FramingLine})
		b := s.NewBatch()
		event := bytes.Repeat([]byte("1"), 999)
		for range 1000 {
			b.Append(event)
		}
		total := b.Len()
		go func() {
			if err := s.WriteBatch(t.Context(), b); err != nil {
				t.Errorf("WriteBatch: %v", err)
			}
		}()
		synctest.Wait() // the first piece is being written
		go func() {
			if err := s.write(t.Context(), responses, []byte("response")); err != nil {
				t.Errorf("write: %v", err)
			}
		}()
		synctest.Wait()
		var order []int
		for written := 0; written < total; {
			n := <-sizes
			order = append(order, n)
			if n != len("response") {
				written += n
			}
			synctest.Wait()
		}
		if order[1] != len("response") {
			t.Errorf("sizes of writes: %v, want the response second", order)
		}
		if slices.Max(order) > BatchBytes {
			t.Errorf("sizes of writes: %v, want at most %d", order, BatchBytes)
		}
	})
}

func TestGateAlternates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		closed := make(chan struct{})
		if err := g.acquire(t.Context(), closed, notifications); err != nil {
			t.Fatal(err)
		}
		var order []string
		wait := func(name string, class turnClass) {
			go func() {
				if err := g.acquire(t.Context(), closed, class); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				order = append(order, name)
				g.release()
			}()
			synctest.Wait()
		}
		wait("n1", notifications)
		wait("n2", notifications)
		wait("r1", responses)
		wait("r2", responses)
		wait("r3", responses)
		wait("r4", responses)

		ctx, cancel := context.WithCancelCause(t.Context())
		gaveUp := make(chan error, 2)
		go func() { gaveUp <- g.acquire(ctx, closed, responses) }()
		go func() { gaveUp <- g.acquire(ctx, closed, notifications) }()
		synctest.Wait()
		reason := errors.New("enough")
		cancel(reason)
		for range 2 {
			if err := <-gaveUp; !errors.Is(err, reason) {
				t.Errorf("acquire = %v, want the cause", err)
			}
		}
		g.release()
		synctest.Wait()
		if diff := cmp.Diff([]string{"r1", "n1", "r2", "n2", "r3", "r4"}, order); diff != "" {
			t.Errorf("order of turns (-want +got):\n%s", diff)
		}
		if err := g.acquire(t.Context(), closed, responses); err != nil {
			t.Errorf("the turn got lost: %v", err)
		}
	})
}

// Whoever gives up just when the turn comes must hand it on.
func TestGateHandsOnATurnNotWanted(t *testing.T) {
	var g gate
	closed := make(chan struct{})
	turn := make(chan struct{})
	g.held = true
	g.queue[responses] = append(g.queue[responses], turn)
	g.release()
	g.leave(responses, turn)
	if g.held {
		t.Error("the turn is held by nobody")
	}
	if err := g.acquire(t.Context(), closed, notifications); err != nil {
		t.Error(err)
	}
}

func TestBlockedReader(t *testing.T) {
	fill := func(s *Stream, n int) error {
		b := s.NewBatch()
		for i := range n {
			appendEvent(b, "s1", fmt.Append(nil, i))
		}
		return s.WriteBatch(context.Background(), b)
	}
	t.Run("close frees", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, server := pipes()
			s := NewStream(server, StreamOptions{})
			results := make(chan error, 3)
			for range 3 {
				go func() { results <- fill(s, 10) }()
			}
			synctest.Wait()
			s.Close()
			for range 3 {
				if err := <-results; !errors.Is(err, ErrClosed) {
					t.Errorf("WriteBatch = %v, want ErrClosed", err)
				}
			}
			if err := s.Close(); !errors.Is(err, ErrClosed) {
				t.Errorf("second Close = %v", err)
			}
			client.Close()
		})
	})
	t.Run("context frees who waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, server := pipes()
			s := NewStream(server, StreamOptions{})
			first := make(chan error, 1)
			go func() { first <- fill(s, 1) }()
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			b := s.NewBatch()
			b.Append([]byte("{}"))
			if err := s.WriteBatch(ctx, b); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("WriteBatch = %v, want the deadline", err)
			}
			out := collect(client)
			if err := <-first; err != nil {
				t.Errorf("the write under way: %v", err)
			}
			s.Close()
			if got := out.messages(t, FramingLine); len(got) != 1 {
				t.Errorf("output: %v", got)
			}
		})
	})
	t.Run("reading again gets everything", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, server := pipes()
			s := NewStream(server, StreamOptions{})
			done := make(chan error, 1)
			go func() { done <- fill(s, 10_000) }()
			time.Sleep(time.Hour) // of the bubble's clock
			out := collect(client)
			if err := <-done; err != nil {
				t.Error(err)
			}
			s.Close()
			got := out.messages(t, FramingLine)
			for i, m := range got {
				if want := fmt.Sprintf(`"event":%d}}`, i); !strings.HasSuffix(m, want) {
					t.Fatalf("message %d is %s", i, m)
				}
			}
			if len(got) != 10_000 {
				t.Errorf("%d events", len(got))
			}
		})
	})
}

func TestMembersOfBrokenObjects(t *testing.T) {
	for _, text := range []string{"", "{", "{}x", `{"a"}`, `{"a":}`, `{"a":1`, `{"a":1,}`, `{"a":1 "b":2}`, `{a:1}`, `{"a":[}`, `{"a":"x}`, `{"a":1]`, `{"\x":1}`, "[]", `{"a":1}}`} {
		n := 0
		if members([]byte(text), func(_, _ []byte) bool { n++; return true }) {
			t.Errorf("members(%q) took it for an object of %d members", text, n)
		}
	}
}
