package shared

import (
	"context"
	"errors"
	"fmt"
)

// Stop is the Stop of a [Server] that is a process with a reader: it ends the
// process by stop and waits until the reader has told everybody, when done is
// closed.
func Stop(ctx context.Context, agent string, stop func(ctx context.Context, goodbye func(context.Context) error) error, done <-chan struct{}) error {
	err := stop(ctx, nil)
	select {
	case <-done:
	case <-ctx.Done():
		err = errors.Join(err, context.Cause(ctx))
	}
	if err != nil {
		return fmt.Errorf("stop %s: %w", agent, err)
	}
	return nil
}
