package session

import (
	"strconv"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

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
	if parent == nil || parent.kind != universal.KindToolCall {
		item.ParentID = ""
		return l.place(item)
	}
	item.ParentID = universal.NullString(parent.id)
	if parent.answered || parent.turn != l.turn {
		return "" // its call has returned, so it works in the background
	}
	return parent.turn
}

func (l *Ledger) start(from *universal.Event, item universal.Item) *ledgerItem {
	it := &ledgerItem{key: item.ItemID, kind: item.Kind, open: true}
	it.turn = l.place(&item)
	it.id = l.nextItemID()
	item.ItemID = it.id
	item.Status = universal.StatusInProgress
	if item.Content == nil {
		item.Content = universal.Content{}
	}
	it.content = &content{item: item}
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
	it.content = nil
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
