package stdio

import (
	"context"
	"errors"
	"testing"
)

func TestLanesKeepOrder(t *testing.T) {
	var l lanes
	first, second, third := l.enter("a"), l.enter("a"), l.enter("a")
	if err := l.enter("b").wait(t.Context()); err != nil {
		t.Errorf("another lane: %v", err)
	}
	if err := l.enter("").wait(t.Context()); err != nil {
		t.Errorf("no lane: %v", err)
	}
	if err := first.wait(t.Context()); err != nil {
		t.Fatal(err)
	}

	// The second gives up; that must not let the third overtake the first.
	gone, cancel := context.WithCancelCause(t.Context())
	cancel(ErrCancelled)
	if err := second.wait(gone); !errors.Is(err, ErrCancelled) {
		t.Errorf("given up: %v", err)
	}
	left := make(chan struct{})
	go func() {
		second.leave()
		close(left)
	}()
	select {
	case <-third.before:
		t.Error("the third is let in while the first is there")
	default:
	}
	first.leave()
	<-left
	if err := third.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	third.leave()
	if _, kept := l.last["a"]; kept {
		t.Error("an empty lane is kept")
	}
}
