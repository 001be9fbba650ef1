package shared_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers/shared"
)

// A stop waits for the process and for its reader, as long as it may, and tells
// what went wrong with either.
func TestStop(t *testing.T) {
	broken := errors.New("it is not to be stopped")
	over, late := make(chan struct{}), make(chan struct{})
	close(over)
	ended, cancel := context.WithCancelCause(t.Context())
	impatient := errors.New("nobody waits any more")
	cancel(impatient)
	for name, test := range map[string]struct {
		ctx  context.Context
		done chan struct{}
		err  error
		want []error
	}{
		"all is well":            {t.Context(), over, nil, nil},
		"the process stays":      {t.Context(), over, broken, []error{broken}},
		"the reader stays":       {ended, late, nil, []error{impatient}},
		"neither wants to leave": {ended, late, broken, []error{broken, impatient}},
	} {
		err := shared.Stop(test.ctx, "agent", func(context.Context, func(context.Context) error) error { return test.err }, test.done)
		if (err != nil) != (test.want != nil) {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range test.want {
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
	}
}
