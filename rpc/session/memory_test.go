package session

import (
	"testing"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

func tokens(n int64) universal.Usage { return universal.Usage{TotalTokens: &n} }

// What an agent tells of its last turn when that is over is part of the sum
// once.
func TestUsageSum(t *testing.T) {
	var u usageSum
	final := tokens(30)
	for _, step := range []struct {
		name string
		do   func()
		want int64
	}{
		{"a turn that tells its usage", func() { u.startTurn(); u.update(tokens(10)) }, 10},
		{"more of it", func() { u.update(tokens(20)) }, 20},
		{"its end", func() { u.endTurn(&final) }, 30},
		{"late news of it", func() { u.update(tokens(35)) }, 35},
		{"a turn that tells nothing", func() { u.startTurn(); u.endTurn(nil) }, 35},
		{"a turn whose end says no more", func() { u.startTurn(); u.update(tokens(5)); u.endTurn(nil) }, 40},
	} {
		step.do()
		if got := u.total().TotalTokens; got == nil || *got != step.want {
			t.Fatalf("after %s the sum is %v, want %d", step.name, got, step.want)
		}
	}
}
