package mock

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// These commands take long or say much.

const (
	maxFloodDeltas  = 10_000_000
	maxFloodBytes   = 1 << 20 // of one delta, and of one message
	floodPerMessage = 1000    // deltas
	floodBatch      = 64      // deltas given to the sink at once
)

// number reads the n-th word after the command, within 1 and limit.
func (t *turn) number(n, unset, limit int) int {
	words := strings.Fields(t.rest)
	if n >= len(words) {
		return unset
	}
	v, err := strconv.Atoi(words[n])
	if err != nil || v < 1 {
		return unset
	}
	return min(v, limit)
}

// wait is a tool call that takes as long as nobody ends it.
func (t *turn) wait() {
	call := t.key("wait")
	t.call("wait_call", universal.ToolCallPart{Name: "Bash", Arguments: `{"command":"sleep infinity"}`, CallID: call, ToolKind: universal.ToolExecute, Title: "sleep infinity"})
	var timeout <-chan time.Time
	if ms := t.number(0, 0, int(time.Hour/time.Millisecond)); ms > 0 {
		timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
		defer timer.Stop()
		timeout = timer.C
	}
	for waiting := true; waiting && !t.released; {
		select {
		case <-t.halt:
			return
		case <-t.wake:
			t.awake()
		case <-timeout:
			waiting = false
		}
	}
	t.result("wait_result", universal.ToolResultPart{CallID: call, Output: "waited"})
	t.say("waited", "I have waited.")
}

// slow streams a message at a pace of its own.
func (t *turn) slow() {
	n, pause := t.number(0, 5, 10_000), time.Duration(t.number(1, 50, 60_000))*time.Millisecond
	var text strings.Builder
	it := t.message("slow")
	t.emit(started(it))
	for i := range n {
		if i > 0 && !t.sleep(pause) {
			return
		}
		piece := fmt.Sprintf("%d ", i+1)
		text.WriteString(piece)
		t.emit(t.delta(it, piece))
	}
	it.Content = universal.Content{&universal.TextPart{Text: text.String()}}
	t.emit(completed(it))
}

// flood streams without a pause. Its text comes in messages of at most 1,000
// deltas and 1 MiB, since a message's final text repeats all of its deltas;
// all messages share one text, so that its memory does not grow with N.
func (t *turn) flood() {
	n, size := t.number(0, 1000, maxFloodDeltas), t.number(1, 300, maxFloodBytes)
	raw := strings.HasSuffix(strings.ToLower(t.rest), " raw")
	perMessage := min(floodPerMessage, max(1, maxFloodBytes/size), n)
	text := floodText(perMessage * size)
	for message := 1; n > 0 && !t.stopped(); message++ {
		deltas := min(n, perMessage)
		n -= deltas
		it := t.message(fmt.Sprintf("flood_%d", message))
		t.session.emit(started(it))
		t.pour(it, text[:deltas*size], size, raw)
		it.Content = universal.Content{&universal.TextPart{Text: text[:deltas*size]}}
		if !t.stopped() {
			t.session.emit(completed(it))
		}
	}
}

// pour streams one message of a flood, past the driver's pace.
func (t *turn) pour(it *universal.Item, text string, size int, raw bool) {
	events := make([]universal.Event, 0, floodBatch)
	var raws []byte
	for text != "" && !t.stopped() {
		events, raws = events[:0], raws[:0]
		data := make([]universal.ItemDeltaData, min(floodBatch, len(text)/size))
		for i := range data {
			data[i] = universal.ItemDeltaData{ItemID: it.ItemID, NativeItemID: it.NativeItemID, Delta: text[:size]}
			text = text[size:]
			t.output += size
			ev := agentEvent(universal.TypeItemDelta, &data[i])
			if raw {
				start := len(raws)
				raws = append(raws, `{"type":"delta","text":`...)
				raws = universal.AppendString(raws, data[i].Delta)
				raws = append(raws, '}')
				ev.Raw = raws[start:len(raws):len(raws)]
			}
			events = append(events, ev)
		}
		t.session.emit(events...)
	}
}

// floodText is prose-like ASCII, so that it can be cut anywhere.
func floodText(bytes int) string {
	var b strings.Builder
	b.Grow(bytes + 80)
	for line := 1; b.Len() < bytes; line++ {
		fmt.Fprintf(&b, "%07d The quick brown fox \"jumps\" over the lazy dog, again.\n", line)
	}
	return b.String()[:bytes]
}
