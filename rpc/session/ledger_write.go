package session

import (
	"slices"
	"strconv"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

func synthetic() *universal.Event {
	return &universal.Event{Synthetic: true, Source: universal.SourceDaemon}
}

func (l *Ledger) daemon(t universal.EventType, turn string, data universal.Data) {
	ev := synthetic()
	ev.Type, ev.Data = t, data
	l.put(ev, turn)
}

func (l *Ledger) put(ev *universal.Event, turn string) {
	if l.ended {
		l.Dropped++
		return
	}
	l.sequence++
	if l.Now.After(l.last) {
		l.last = l.Now
	}
	ev.Sequence = l.sequence
	ev.EventID = eventID(l.sequence)
	ev.Time = l.last
	ev.SessionID = l.sessionID
	ev.NativeSessionID = universal.NullString(l.nativeID)
	ev.TurnID = universal.NullString(turn)
	if ev.Source == "" {
		ev.Source = universal.SourceAgent
	}
	l.emit(ev)
}

func eventID(sequence uint64) string {
	var buf [24]byte
	return string(strconv.AppendUint(append(buf[:0], "evt_"...), sequence, 10))
}

func resultPart(item *universal.Item) *universal.ToolResultPart {
	for _, p := range item.Content {
		if r, ok := p.(*universal.ToolResultPart); ok {
			return r
		}
	}
	return nil
}

func remove[T comparable](list []T, x T) []T {
	if i := slices.Index(list, x); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// ring remembers the last strings pushed.
type ring struct {
	size    int
	entries []string
	next    int
}

// push adds s and returns the string it pushes out, "" while there is room.
func (r *ring) push(s string) (out string) {
	if len(r.entries) < r.size {
		r.entries = append(r.entries, s)
		return ""
	}
	out, r.entries[r.next] = r.entries[r.next], s
	r.next = (r.next + 1) % r.size
	return out
}
