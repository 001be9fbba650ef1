package session

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

const (
	// rememberClosed is how many closed items are remembered so that what the
	// agent says about them late can be told from something new. Tool calls
	// of sub-agents are remembered apart, since their items name them as
	// parents long afterwards.
	rememberClosed = 4096
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

// ledgerItem is what is known of an item.
type ledgerItem struct {
	key      string
	item     universal.Item // as it started
	turn     string         // "" for what a background task does
	open     bool
	text     []byte // of its deltas
	overflow bool   // more was streamed than is kept

	callID   string // of a tool call
	subagent bool   // the call starts a sub-agent
	answered bool   // its result is complete
}

type ledgerRequest struct {
	permission *universal.PermissionData
	question   *universal.QuestionData
	turn       string
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
		parents:   ring{size: rememberClosed},
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

// --- items

func (l *Ledger) nextItemID() string {
	l.itemCount++
	return "itm_" + strconv.FormatUint(l.itemCount, 10)
}

// place finds the parent and the turn of a new item.
func (l *Ledger) place(item *universal.Item) (turn string) {
	if item.ParentID == "" {
		if l.turn == "" && item.Kind != universal.KindStatus && item.Kind != universal.KindSystem {
			l.openLooseTurn()
		}
		return l.turn
	}
	parent := l.items[string(item.ParentID)]
	if parent == nil || parent.item.Kind != universal.KindToolCall {
		item.ParentID = ""
		return l.place(item)
	}
	item.ParentID = universal.NullString(parent.item.ItemID)
	if parent.answered || parent.turn == "" {
		return "" // its call has returned, so it works in the background
	}
	return parent.turn
}

func (l *Ledger) start(from *universal.Event, item universal.Item) *ledgerItem {
	it := &ledgerItem{key: item.ItemID, open: true}
	it.turn = l.place(&item)
	item.ItemID = l.nextItemID()
	item.Status = universal.StatusInProgress
	if item.Content == nil {
		item.Content = universal.Content{}
	}
	it.item = item
	l.items[it.key] = it
	l.open = append(l.open, it)
	ev := *from
	ev.Type, ev.Data = universal.TypeItemStarted, &universal.ItemData{Item: item}
	l.put(&ev, it.turn)
	return it
}

func (l *Ledger) itemStarted(ev *universal.Event, d *universal.ItemData) {
	if l.items[d.Item.ItemID] != nil || l.answered(&d.Item) {
		l.Dropped++
		return
	}
	l.start(ev, d.Item)
}

func (l *Ledger) itemDelta(ev *universal.Event, d *universal.ItemDeltaData) {
	it := l.items[d.ItemID]
	if it == nil || !it.open {
		l.Dropped++
		return
	}
	if d.Delta == "" {
		return
	}
	l.delta(ev, it, d)
}

func (l *Ledger) delta(ev *universal.Event, it *ledgerItem, d *universal.ItemDeltaData) {
	if len(it.text)+len(d.Delta) > maxKeptText {
		it.overflow = true
	} else {
		if it.text == nil {
			it.text, l.spare = l.spare, nil
		}
		it.text = append(it.text, d.Delta...)
	}
	d.ItemID, d.NativeItemID = it.item.ItemID, it.item.NativeItemID
	l.put(ev, it.turn)
}

func (l *Ledger) itemCompleted(ev *universal.Event, d *universal.ItemData) {
	it := l.items[d.Item.ItemID]
	if it != nil && !it.open {
		l.Dropped++
		return
	}
	if it == nil && l.answered(&d.Item) {
		l.Dropped++
		return
	}
	l.ensureCall(d.Item)
	if it == nil {
		started := d.Item
		if started.Kind == universal.KindMessage {
			started.Content = nil // its text follows as a delta
		}
		it = l.start(synthetic(), started)
	}
	l.complete(ev, it, d)
}

// answered tells whether an item is the result of a call that has one.
func (l *Ledger) answered(item *universal.Item) bool {
	result := resultPart(item)
	if result == nil {
		return false
	}
	call := l.calls[result.CallID]
	return call != nil && call.answered
}

// ensureCall makes up the call that a result names, should the agent not have
// told of it.
func (l *Ledger) ensureCall(item universal.Item) {
	result := resultPart(&item)
	if result == nil || l.calls[result.CallID] != nil {
		return
	}
	call := universal.Item{
		ItemID: "call of " + item.ItemID, NativeItemID: item.NativeItemID, ParentID: item.ParentID,
		Kind: universal.KindToolCall, Role: universal.RoleAssistant, Status: universal.StatusCompleted,
		Content: universal.Content{&universal.ToolCallPart{Name: "unknown", CallID: result.CallID, ToolKind: universal.ToolOther}},
	}
	l.complete(synthetic(), l.start(synthetic(), call), &universal.ItemData{Item: call})
}

func (l *Ledger) complete(ev *universal.Event, it *ledgerItem, d *universal.ItemData) {
	d.Item.ItemID, d.Item.ParentID = it.item.ItemID, it.item.ParentID
	d.Item.Kind, d.Item.Role = it.item.Kind, it.item.Role
	if d.Item.NativeItemID == "" {
		d.Item.NativeItemID = it.item.NativeItemID
	}
	if d.Item.Content == nil {
		d.Item.Content = universal.Content{}
	}
	switch d.Item.Status {
	case universal.StatusFailed, universal.StatusCancelled:
	default:
		d.Item.Status = universal.StatusCompleted
	}
	if d.Item.Kind == universal.KindMessage && d.Item.Role != universal.RoleUser {
		l.settleText(it, d)
	}
	ev.Type, ev.Data = universal.TypeItemCompleted, d
	l.put(ev, it.turn)
	if n := cap(it.text); n > cap(l.spare) && n <= maxSpareText {
		l.spare = it.text[:0]
	}
	it.open, it.text, it.item.Content = false, nil, nil
	l.open = remove(l.open, it)
	l.settleCall(it, d.Item.Content)
	if it.callID == "" { // a call is closed by its result
		l.remember(it)
	}
}

// settleText makes the deltas of a message add up to its final text, or says
// that they do not.
func (l *Ledger) settleText(it *ledgerItem, d *universal.ItemData) {
	final := d.Item.Text()
	switch {
	case it.overflow:
		d.Rewritten = true
	case len(it.text) == len(final) && string(it.text) == final:
		d.Rewritten = false
	case len(it.text) < len(final) && final[:len(it.text)] == string(it.text):
		rest := &universal.ItemDeltaData{Delta: final[len(it.text):]}
		ev := synthetic()
		ev.Type, ev.Data = universal.TypeItemDelta, rest
		l.delta(ev, it, rest)
		d.Rewritten = it.overflow
	default:
		d.Rewritten = true
	}
}

// settleCall notes that a call was made or answered.
func (l *Ledger) settleCall(it *ledgerItem, content universal.Content) {
	for _, p := range content {
		switch p := p.(type) {
		case *universal.ToolCallPart:
			if l.calls[p.CallID] == nil {
				it.callID, it.subagent = p.CallID, p.ToolKind == universal.ToolSubagent
				l.calls[p.CallID] = it
				l.unsolved = append(l.unsolved, it)
			}
		case *universal.ToolResultPart:
			if call := l.calls[p.CallID]; call != nil {
				call.answered = true
				l.unsolved = remove(l.unsolved, call)
				l.remember(call)
			}
		}
	}
}

// remember keeps a closed item for a while and drops the one it pushes out.
func (l *Ledger) remember(it *ledgerItem) {
	kept := &l.closed
	if it.subagent {
		kept = &l.parents
	}
	if out := l.items[kept.push(it.key)]; out != nil {
		delete(l.items, out.key)
		if out.callID != "" {
			delete(l.calls, out.callID)
		}
	}
}

// --- requests

func (l *Ledger) permission(ev *universal.Event, d *universal.PermissionData) {
	if ev.Type == universal.TypePermissionResolved {
		l.ResolvePermission(d.PermissionID, universal.PermissionReject, d.Message)
		return
	}
	if r := l.findRequest(d.PermissionID, ""); r != nil {
		l.Dropped++
		return
	}
	turn := l.requestTurn(&d.ItemID)
	d.Status = universal.PermissionRequested
	l.requests = append(l.requests, &ledgerRequest{permission: d, turn: turn})
	l.put(ev, turn)
}

func (l *Ledger) question(ev *universal.Event, d *universal.QuestionData) {
	if ev.Type == universal.TypeQuestionResolved {
		l.ResolveQuestion(d.QuestionID, nil, d.Message)
		return
	}
	if r := l.findRequest("", d.QuestionID); r != nil {
		l.Dropped++
		return
	}
	turn := l.requestTurn(&d.ItemID)
	d.Status, d.Response = universal.QuestionRequested, nil
	if d.Options == nil {
		d.Options = []string{}
	}
	l.requests = append(l.requests, &ledgerRequest{question: d, turn: turn})
	l.put(ev, turn)
}

// requestTurn replaces the key of the item that waits by its id and returns
// the turn that it waits in.
func (l *Ledger) requestTurn(item *string) string {
	it := l.items[*item]
	if it == nil {
		*item = ""
		if l.turn == "" {
			l.openLooseTurn()
		}
		return l.turn
	}
	*item = it.item.ItemID
	return it.turn
}

func (l *Ledger) findRequest(permissionID, questionID string) *ledgerRequest {
	for _, r := range l.requests {
		if permissionID != "" && r.permission != nil && r.permission.PermissionID == permissionID ||
			questionID != "" && r.question != nil && r.question.QuestionID == questionID {
			return r
		}
	}
	return nil
}

// OpenRequests returns what waits for a person, in order.
func (l *Ledger) OpenRequests() (permissions []universal.PermissionData, questions []universal.QuestionData) {
	for _, r := range l.requests {
		if r.permission != nil {
			permissions = append(permissions, *r.permission)
		} else {
			questions = append(questions, *r.question)
		}
	}
	return permissions, questions
}

// ResolvePermission records the answer to an open permission request; false
// if there is none.
func (l *Ledger) ResolvePermission(id string, status universal.PermissionStatus, message string) bool {
	r := l.findRequest(id, "")
	if r == nil {
		l.Dropped++
		return false
	}
	l.requests = remove(l.requests, r)
	d := *r.permission
	d.Status, d.Message = status, message
	l.daemon(universal.TypePermissionResolved, r.turn, &d)
	l.endLooseTurn()
	return true
}

// ResolveQuestion records the answers to an open question, nil for a refusal;
// false if there is none.
func (l *Ledger) ResolveQuestion(id string, answers [][]string, message string) bool {
	r := l.findRequest("", id)
	if r == nil {
		l.Dropped++
		return false
	}
	l.requests = remove(l.requests, r)
	d := *r.question
	d.Status, d.Message = universal.QuestionRejected, message
	if answers != nil {
		d.Status = universal.QuestionAnswered
		d.Responses = maskSecrets(d.Questions, answers)
		if len(d.Responses) > 0 && len(d.Responses[0]) > 0 {
			d.Response = &d.Responses[0][0]
		}
	}
	l.daemon(universal.TypeQuestionResolved, r.turn, &d)
	l.endLooseTurn()
	return true
}

const masked = "********"

func maskSecrets(questions []universal.Question, answers [][]string) [][]string {
	shown := make([][]string, len(answers))
	for i, choices := range answers {
		shown[i] = append([]string{}, choices...)
		if i < len(questions) && questions[i].Secret {
			for j := range shown[i] {
				shown[i][j] = masked
			}
		}
	}
	return shown
}

// --- closing

// closeTurn closes what belongs to a turn, "" for background work.
func (l *Ledger) closeTurn(turn string, reason universal.StopReason) {
	for _, r := range slices.Clone(l.requests) {
		if r.turn != turn {
			continue
		}
		if r.permission != nil {
			l.ResolvePermission(r.permission.PermissionID, universal.PermissionReject, "")
		} else {
			l.ResolveQuestion(r.question.QuestionID, nil, "")
		}
	}
	status := universal.StatusFailed
	if reason != universal.StopError {
		status = universal.StatusCancelled
	}
	for _, it := range slices.Clone(l.open) {
		if it.turn == turn {
			item := it.item
			item.Content, item.Status = it.contentSoFar(), status
			l.complete(synthetic(), it, &universal.ItemData{Item: item})
		}
	}
	for _, call := range slices.Clone(l.unsolved) {
		if call.turn == turn {
			l.cancelCall(call, reason)
		}
	}
}

func (l *Ledger) cancelCall(call *ledgerItem, reason universal.StopReason) {
	item := universal.Item{
		ItemID: call.key + " cancelled", NativeItemID: call.item.NativeItemID,
		Kind: universal.KindToolResult, Role: universal.RoleTool, Status: universal.StatusCancelled,
		Content: universal.Content{&universal.ToolResultPart{
			CallID: call.callID, IsError: true,
			Output: fmt.Sprintf("no result: the turn ended (%s) before the tool returned", reason),
		}},
	}
	result := &ledgerItem{key: item.ItemID, open: true, turn: call.turn}
	item.ParentID = call.item.ParentID
	item.ItemID = l.nextItemID()
	result.item = item
	result.item.Status = universal.StatusInProgress
	l.items[result.key] = result
	l.open = append(l.open, result)
	l.daemon(universal.TypeItemStarted, result.turn, &universal.ItemData{Item: result.item})
	l.complete(synthetic(), result, &universal.ItemData{Item: item})
}

// contentSoFar is what an item that is cut short has said: its content as it
// started, with the streamed text in its place.
func (it *ledgerItem) contentSoFar() universal.Content {
	text := string(it.text)
	content := slices.Clone(it.item.Content)
	for i, p := range content {
		switch p := p.(type) {
		case *universal.TextPart:
			content[i] = &universal.TextPart{Text: text}
			return content
		case *universal.ReasoningPart:
			content[i] = &universal.ReasoningPart{Text: text, Visibility: p.Visibility}
			return content
		case *universal.ToolCallPart:
			call := *p
			if text != "" {
				call.Arguments = text
			}
			content[i] = &call
			return content
		case *universal.ToolResultPart:
			result := *p
			if result.Output == "" {
				result.Output = text
			}
			content[i] = &result
			return content
		}
	}
	if text != "" {
		content = append(content, &universal.TextPart{Text: text})
	}
	return content
}

// --- writing

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
