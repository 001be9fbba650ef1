package httpbridge

import (
	"fmt"
	"math"
	"testing"
)

func TestOpening(t *testing.T) {
	var o opening
	for _, sequence := range []uint64{1, 2, 8, 9, 10, 11, 98, 99, 100, 5, 6, 999, 1000, 1001, 1<<63 - 1, 1 << 63, math.MaxUint64} {
		if got, want := string(o.of(sequence)), fmt.Sprintf("id: %d\ndata: ", sequence); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	o = opening{}
	for sequence := range uint64(12_000) {
		if got, want := string(o.of(sequence)), fmt.Sprintf("id: %d\ndata: ", sequence); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}
