package session

import (
	"context"
	"errors"
	"slices"
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
	from    uint64 // it reads what comes after this
	waits   bool   // the turn waited for input before that
	records eventlog.Records
	ended   StreamEnd
}

// ReadTurn reads the turn that a send was answered with, from its beginning.
func (s *Session) ReadTurn(sent SendResult, until Until) *TurnReader {
	r := &TurnReader{session: s, cursor: s.log.Cursor(sent.Sequence), turn: turnNumber(sent.TurnID), until: until, from: sent.Sequence}
	r.waits = until == UntilInput && r.stillWaits()
	return r
}

// stillWaits tells whether the turn, which the message joined, waits for input
// that it asked for before: no event to come says so.
func (r *TurnReader) stillWaits() bool {
	return r.session.hasRequest(func(q *ledgerRequest) bool { return q.sequence <= r.from && turnNumber(q.turn) == r.turn })
}

// Buffered tells whether Next has an event at hand and will not wait for it.
func (r *TurnReader) Buffered() bool {
	if r.ended != "" {
		return false
	}
	for r.records.Len() > 0 {
		rest := r.records
		if record, _ := rest.Next(); record.Tag>>tagShift == r.turn {
			return true
		}
		r.records = rest // it is of another turn, or of none
	}
	return false
}

// Next returns the next event of the turn; it waits for it until ctx ends.
// After the last event of the stream there is no record and end says why.
func (r *TurnReader) Next(ctx context.Context) (record eventlog.Record, end StreamEnd, err error) {
	if r.ended != "" {
		return record, r.ended, nil
	}
	for {
		if r.Buffered() {
			record, _ := r.records.Next()
			switch record.Tag & markMask {
			case markTurnEnded:
				r.ended = EndTurnEnded
			case markRequest:
				stillOpen := func(q *ledgerRequest) bool { return q.sequence == record.Seq }
				if r.until == UntilInput && r.session.hasRequest(stillOpen) {
					r.ended = EndInputNeeded
				}
			}
			return record, "", nil
		}
		if r.waits {
			r.records, err = r.cursor.TryNext()
			if errors.Is(err, eventlog.ErrCaughtUp) {
				if r.waits = r.stillWaits(); r.waits {
					r.ended = EndInputNeeded
					return record, r.ended, nil
				}
				continue
			}
		} else {
			r.records, err = r.cursor.Next(ctx)
		}
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

// hasRequest tells whether some open request is meant.
func (s *Session) hasRequest(meant func(*ledgerRequest) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.ledger.requests, meant)
}
