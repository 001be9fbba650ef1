package session

import (
	"testing"

	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
)

// A reader of a turn has nothing at hand when only events of others follow: who
// writes what it reads must not wait with it for the next one of the turn.
func TestTurnReaderHasNothingAtHand(t *testing.T) {
	store, err := eventlog.OpenStore(eventlog.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	log := store.NewLog("s")
	var batch eventlog.Batch
	const none, ours, other = 0, 1, 2
	for _, turn := range []uint64{none, ours, none, other, ours, none, other} {
		batch.Add(turn<<tagShift, []byte("event"), nil)
	}
	if _, _, err := log.Append(&batch); err != nil {
		t.Fatal(err)
	}
	r := &TurnReader{cursor: log.Cursor(0), turn: ours, until: UntilTurn}
	for _, want := range []struct {
		sequence uint64
		more     bool
	}{{2, true}, {5, false}} {
		record, _, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if more := r.Buffered(); record.Seq != want.sequence || more != want.more {
			t.Errorf("event %d, more at hand: %v; want %d and %v", record.Seq, more, want.sequence, want.more)
		}
	}
}
