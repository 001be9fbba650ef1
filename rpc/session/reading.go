package session

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const turnPrefix = "turn_"

// A record's tag tells which turn it belongs to and what it is, so that a
// reader need not decode it: the turn's number above, the mark in the low byte.
const (
	markOther uint64 = iota
	markTurnEnded
	markRequest // a permission or question was requested
	tagShift    = 8
	markMask    = 1<<tagShift - 1
)

// tagger makes tags; it remembers the last turn id it took apart.
type tagger struct {
	turnID string
	number uint64
}

func (t *tagger) tag(ev *universal.Event) uint64 {
	if id := string(ev.TurnID); id != t.turnID {
		t.turnID, t.number = id, turnNumber(id)
	}
	mark := markOther
	switch ev.Type {
	case universal.TypeTurnEnded:
		mark = markTurnEnded
	case universal.TypePermissionRequested, universal.TypeQuestionRequested:
		mark = markRequest
	}
	return t.number<<tagShift | mark
}

// turnNumber is the number in a turn's id; 0 for no turn.
func turnNumber(id string) uint64 {
	n, err := strconv.ParseUint(strings.TrimPrefix(id, turnPrefix), 10, 56)
	if err != nil {
		return 0
	}
	return n
}

// Cursor reads the session's events after a sequence number. The error of its
// Next is eventlog.ErrDeleted once the session is forgotten.
func (s *Session) Cursor(after uint64) *eventlog.Cursor { return s.log.Cursor(after) }

// Head is the sequence number of the last event.
func (s *Session) Head() uint64 { return s.log.Head() }

// Page is a run of encoded events.
type Page struct {
	Events  []eventlog.Record
	HasMore bool
}

// maxPageBytes bounds what one page holds in memory; a longer answer says
// that there is more.
const maxPageBytes = 32 << 20

// Events reads events after a sequence number without waiting; limit < 0
// means as many as fit.
func (s *Session) Events(after uint64, limit int) (Page, error) {
	page := Page{}
	cursor := s.log.Cursor(after)
	size := 0
	for limit < 0 || len(page.Events) < limit {
		records, err := cursor.TryNext()
		if errors.Is(err, eventlog.ErrCaughtUp) {
			return page, nil
		}
		if err != nil {
			return page, s.readError(err)
		}
		for {
			record, ok := records.Next()
			if !ok {
				break
			}
			if limit >= 0 && len(page.Events) == limit || size > maxPageBytes {
				page.HasMore = true
				return page, nil
			}
			page.Events = append(page.Events, record)
			size += len(record.Head) + len(record.Raw)
		}
	}
	page.HasMore = s.log.Head() > after+uint64(len(page.Events))
	return page, nil
}

func (s *Session) readError(err error) error {
	if errors.Is(err, eventlog.ErrDeleted) {
		return notFound(s.id)
	}
	return universal.Errorf(universal.KindInternal, "internal: events of session %s cannot be read: %v", s.id, err).Because(err)
}

// Until says when the stream of a turn ends.
type Until string

const (
	UntilInput Until = "input" // also when a permission or question stays open
	UntilTurn  Until = "turn"  // only with the turn
)

// StreamEnd tells why a stream of events ended.
type StreamEnd string

const (
	EndTurnEnded    StreamEnd = "turn_ended"
	EndInputNeeded  StreamEnd = "input_needed"
	EndDeleted      StreamEnd = "session_deleted"
	EndUnsubscribed StreamEnd = "unsubscribed"
	EndShutdown     StreamEnd = "shutdown"
)

// TurnReader reads the events of one turn.
type TurnReader struct {
	session *Session
	cursor  *eventlog.Cursor
	turn    uint64
	until   Until
	records eventlog.Records
	ended   StreamEnd
}

// ReadTurn reads the turn that a send was answered with, from its beginning.
func (s *Session) ReadTurn(sent SendResult, until Until) *TurnReader {
	return &TurnReader{session: s, cursor: s.log.Cursor(sent.Sequence), turn: turnNumber(sent.TurnID), until: until}
}

// Buffered tells whether Next has an event at hand, most likely of this turn.
func (r *TurnReader) Buffered() bool { return r.ended == "" && r.records.Len() > 0 }

// Next returns the next event of the turn; it waits for it until ctx ends.
// After the last event of the stream there is no record and end says why.
func (r *TurnReader) Next(ctx context.Context) (record eventlog.Record, end StreamEnd, err error) {
	if r.ended != "" {
		return record, r.ended, nil
	}
	for {
		for r.records.Len() > 0 {
			record, _ := r.records.Next()
			if record.Tag>>tagShift != r.turn {
				continue
			}
			switch record.Tag & markMask {
			case markTurnEnded:
				r.ended = EndTurnEnded
			case markRequest:
				if r.until == UntilInput && r.session.awaitsInput(r.turn) {
					r.ended = EndInputNeeded
				}
			}
			return record, "", nil
		}
		r.records, err = r.cursor.Next(ctx)
		if err != nil && ctx.Err() != nil {
			// What was there when ctx ended is still given.
			if rest, restErr := r.cursor.TryNext(); restErr == nil {
				r.records, err = rest, nil
			}
		}
		if errors.Is(err, eventlog.ErrDeleted) {
			return record, EndDeleted, nil
		}
		if err != nil {
			return record, "", err
		}
	}
}

// awaitsInput tells whether a request of a turn is open.
func (s *Session) awaitsInput(turn uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.ledger.requests {
		if turnNumber(r.turn) == turn {
			return true
		}
	}
	return false
}
