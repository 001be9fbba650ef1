package session

import (
	"slices"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

const (
	// rememberClosed is how many closed items are remembered so that what the
	// agent says about them late can be told from something new. Tool calls
	// of sub-agents are remembered apart, since their items name them as
	// parents long afterwards.
	rememberClosed  = 1024
	rememberParents = 512
	// maxKeptText bounds the text kept of one open item, in bytes. An item
	// that streams more completes as rewritten, since the rest cannot be
	// compared any more.
	maxKeptText = 64 << 20
	// maxSpareText is the largest buffer for an item's text that is kept for
	// the next item, in bytes.
	maxSpareText = 256 << 10
)

// Ledger makes a legal stream of whatever an agent says, by the grammar that
// package universal checks: it numbers and names events, adds those that are
// missing, drops those about things that are closed, and closes what is left
// open. It does no I/O and knows no clock: the caller sets Now.
//
// Items arrive with a driver's keys and leave with ids. A Ledger is not safe
// for concurrent use.
type Ledger struct {
	// Now is the time that the next events get; it never goes back.
	Now time.Time
	// Dropped counts what the agent said about things that were closed.
	Dropped int

	emit      func(*universal.Event)
	newTurnID func() string
	sessionID string
	nativeID  string
	ended     bool
	last      time.Time
	sequence  uint64
	turn      string // the running turn
	loose     bool   // the running turn was opened only since the agent spoke outside one
	joined    int    // turns of the agent that began within another: their ends are not its end
	itemCount uint64

	items    map[string]*ledgerItem // by key
	open     []*ledgerItem          // in the order they started
	calls    map[string]*ledgerItem // by call id: tool calls without a result, and those remembered
	unsolved []*ledgerItem          // tool calls without a result, in order
	requests []*ledgerRequest       // open ones, in order
	spare    []byte                 // buffer of a closed item's text, for the turn's next item
	closed   ring                   // keys of closed items
	parents  ring                   // keys of closed sub-agent calls
}

// ledgerItem is what is known of an item. A session remembers many that are
// closed, so it is small.
type ledgerItem struct {
	key      string
	id       string
	kind     universal.ItemKind
	turn     string // "" for what a background task does
	open     bool
	*content // nil once the item is only remembered

	callID   string // of a tool call
	subagent bool   // the call starts a sub-agent
	answered bool   // its result is complete
}

// content is what an item says, as long as it can say more or lacks a result.
type content struct {
	item     universal.Item // as it started
	text     []byte         // of its deltas
	overflow bool           // more was streamed than is kept
}

type ledgerRequest struct {
	permission *universal.PermissionData
	question   *universal.QuestionData
	turn       string
	sequence   uint64 // of the event that requests it
}

// NewLedger makes the ledger of a session's stream. Turns that the agent
// begins get their ids from newTurnID. Each finished event is handed to emit,
// which must not keep the pointer.
func NewLedger(sessionID string, newTurnID func() string, emit func(*universal.Event)) *Ledger {
	return &Ledger{
		emit:      emit,
		newTurnID: newTurnID,
		sessionID: sessionID,
		items:     map[string]*ledgerItem{},
		calls:     map[string]*ledgerItem{},
		closed:    ring{size: rememberClosed},
		parents:   ring{size: rememberParents},
	}
}

// SetNativeID sets the agent's own id, which following events carry.
func (l *Ledger) SetNativeID(id string) { l.nativeID = id }

// Turn returns the id of the running turn, "" if there is none.
func (l *Ledger) Turn() string { return l.turn }

// Start opens the stream.
func (l *Ledger) Start(metadata any) {
	l.daemon(universal.TypeSessionStarted, "", &universal.SessionStartedData{Metadata: metadata})
}

// StartTurn opens a turn. A turn that the agent's words had opened by
// themselves is closed first.
func (l *Ledger) StartTurn(data universal.TurnStartedData) {
	if l.turn != "" && l.loose {
		l.EndTurn(universal.TurnEndedData{StopReason: universal.StopEndTurn})
	}
	data.Phase = universal.PhaseStarted
	l.turn, l.loose = data.TurnID, false
	l.daemon(universal.TypeTurnStarted, l.turn, &data)
}

// UserMessage records what the person said, as an item of the running turn.
func (l *Ledger) UserMessage(content universal.Content) {
	item := universal.Item{Kind: universal.KindMessage, Role: universal.RoleUser, Content: content, Status: universal.StatusInProgress}
	item.ItemID = l.nextItemID()
	l.daemon(universal.TypeItemStarted, l.turn, &universal.ItemData{Item: item})
	item.Status = universal.StatusCompleted
	l.daemon(universal.TypeItemCompleted, l.turn, &universal.ItemData{Item: item})
}

// EndTurn closes everything that the running turn opened and then the turn.
// It does nothing when none runs.
func (l *Ledger) EndTurn(data universal.TurnEndedData) { l.endTurn(universal.Event{}, data) }

func (l *Ledger) endTurn(from universal.Event, data universal.TurnEndedData) {
	if l.turn == "" {
		return
	}
	l.loose = false
	l.closeTurn(l.turn, data.StopReason)
	l.spare = nil // an idle session holds nothing that it doesn't need
	data.Phase, data.TurnID = universal.PhaseEnded, l.turn
	ended := l.turn
	l.turn = ""
	if from.Type == "" {
		l.daemon(universal.TypeTurnEnded, ended, &data)
		return
	}
	from.Data = &data
	l.put(&from, ended)
}

// CancelTurn records a turn that never ran.
func (l *Ledger) CancelTurn(data universal.TurnStartedData) {
	l.StartTurn(data)
	l.EndTurn(universal.TurnEndedData{StopReason: universal.StopCancelled})
}

// AgentGone closes everything: the agent is not there any more.
func (l *Ledger) AgentGone(reason universal.StopReason) {
	l.EndTurn(universal.TurnEndedData{StopReason: reason})
	l.BackgroundGone(reason)
}

// BackgroundGone closes everything outside the running turn: the agent is not
// there any more, and the turn waits for the next one.
func (l *Ledger) BackgroundGone(reason universal.StopReason) {
	l.joined = 0
	l.closeTurn("", reason)
}

// EndSession closes the stream.
func (l *Ledger) EndSession(data universal.SessionEndedData) {
	if l.ended {
		return
	}
	reason := universal.StopInterrupted
	if data.Reason == universal.EndError {
		reason = universal.StopError
	}
	l.AgentGone(reason)
	l.daemon(universal.TypeSessionEnded, "", &data)
	l.ended = true
}

// Daemon records an event of the bridge itself, in the running turn if any.
func (l *Ledger) Daemon(t universal.EventType, data universal.Data) { l.daemon(t, l.turn, data) }

// Apply takes the next event of the agent and records what follows from it.
func (l *Ledger) Apply(ev universal.Event) { l.apply(&ev) }

// apply is Apply without the copy, for the session's flood: it writes to ev.
func (l *Ledger) apply(ev *universal.Event) {
	switch d := ev.Data.(type) {
	case *universal.ItemDeltaData:
		l.itemDelta(ev, d)
	case *universal.ItemData:
		if ev.Type == universal.TypeItemStarted {
			l.itemStarted(ev, d)
		} else {
			l.itemCompleted(ev, d)
		}
	case *universal.TurnStartedData:
		l.agentTurn(ev, d)
	case *universal.TurnEndedData:
		switch {
		case l.joined > 0:
			l.joined--
		case l.turn == "":
			l.Dropped++
		default:
			l.endTurn(*ev, *d)
		}
	case *universal.PermissionData:
		l.permission(ev, d)
	case *universal.QuestionData:
		l.question(ev, d)
	case *universal.SessionStartedData, *universal.SessionEndedData:
		l.Dropped++ // the bridge says when a session starts and ends
	default:
		l.put(ev, l.turn)
	}
	l.endLooseTurn()
}

func (l *Ledger) agentTurn(ev *universal.Event, d *universal.TurnStartedData) {
	if l.turn != "" && !l.loose {
		l.joined++
		return
	}
	if l.loose {
		l.EndTurn(universal.TurnEndedData{StopReason: universal.StopEndTurn})
	}
	l.turn = l.newTurnID()
	d.Phase, d.TurnID = universal.PhaseStarted, l.turn
	l.put(ev, l.turn)
}

// openLooseTurn makes room for words of the main agent that belong to no
// turn: they get one of their own, which ends with them.
func (l *Ledger) openLooseTurn() {
	l.StartTurn(universal.TurnStartedData{TurnID: l.newTurnID(), Origin: universal.OriginAgent})
	l.loose = true
}

func (l *Ledger) endLooseTurn() {
	if l.loose && !l.hasOpen(l.turn) {
		l.EndTurn(universal.TurnEndedData{StopReason: universal.StopEndTurn})
	}
}

func (l *Ledger) hasOpen(turn string) bool {
	inTurn := func(it *ledgerItem) bool { return it.turn == turn }
	return slices.ContainsFunc(l.open, inTurn) || slices.ContainsFunc(l.unsolved, inTurn) ||
		slices.ContainsFunc(l.requests, func(r *ledgerRequest) bool { return r.turn == turn })
}
