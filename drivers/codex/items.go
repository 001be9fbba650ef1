package codex

import (
	"encoding/json"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// itemStarted begins an item.
func (c *converter) itemStarted(th *thread, params []byte) error {
	it, head, raw, err := c.readItem(th, params)
	if err != nil || it == nil {
		return err
	}
	c.rawHasItem(it)
	handle := itemHandlers(head.Type)
	if handle.started == nil {
		return nil
	}
	return handle.started(c, it, raw)
}

// itemCompleted ends an item. One whose begin was not told is told as a whole.
func (c *converter) itemCompleted(th *thread, params []byte) error {
	it, head, raw, err := c.readItem(th, params)
	if err != nil || it == nil {
		return err
	}
	delete(c.items, it.key)
	c.retriesOver(th)
	c.rawHasItem(it)
	return itemHandlers(head.Type).completed(c, it, raw)
}

// readItem finds the item of a line; nil for one that is not told.
func (c *converter) readItem(th *thread, params []byte) (*item, itemHead, json.RawMessage, error) {
	var l itemLine
	var head itemHead
	if err := json.Unmarshal(params, &l); err != nil {
		return nil, head, nil, err
	}
	if err := json.Unmarshal(l.Item, &head); err != nil {
		return nil, head, nil, err
	}
	if isDropped("item/" + head.Type) {
		return nil, head, nil, nil
	}
	if itemHandlers(head.Type).completed == nil {
		return nil, head, nil, fmt.Errorf("unknown type of item %q", head.Type)
	}
	id := key(l.TurnID, head.ID)
	if it := c.items[id]; it != nil {
		return it, head, l.Item, nil
	}
	if c.isRoot(th) && !c.isTurn(l.TurnID) {
		return nil, head, nil, nil // of a turn that is over, where it was closed
	}
	it := &item{key: id, native: head.ID, kind: head.Type, thread: th, turn: l.TurnID}
	c.items[id] = it
	return it, head, l.Item, nil
}

// itemHandler says what to do with items of a type.
type itemHandler struct {
	started   func(*converter, *item, json.RawMessage) error
	completed func(*converter, *item, json.RawMessage) error
}

// itemHandlers is the table of the types that are understood.
func itemHandlers(kind string) itemHandler {
	switch kind {
	case "agentMessage":
		return itemHandler{(*converter).messageStarted, (*converter).messageCompleted}
	case "plan":
		return itemHandler{(*converter).messageStarted, (*converter).planCompleted}
	case "reasoning":
		return itemHandler{nil, (*converter).reasoningCompleted}
	case "commandExecution":
		return itemHandler{(*converter).commandStarted, (*converter).commandCompleted}
	case "fileChange":
		return itemHandler{(*converter).fileChangeStarted, (*converter).fileChangeCompleted}
	case "mcpToolCall":
		return itemHandler{(*converter).mcpStarted, (*converter).mcpCompleted}
	case "dynamicToolCall":
		return itemHandler{(*converter).clientToolStarted, (*converter).clientToolCompleted}
	case "collabAgentToolCall":
		return itemHandler{(*converter).collabStarted, (*converter).collabCompleted}
	case "subAgentActivity":
		return itemHandler{(*converter).activityStarted, (*converter).activityCompleted}
	case "webSearch":
		return itemHandler{nil, (*converter).webSearchCompleted}
	case "imageView":
		return itemHandler{nil, (*converter).imageViewCompleted}
	case "imageGeneration":
		return itemHandler{nil, (*converter).imageGenerationCompleted}
	case "sleep":
		return itemHandler{(*converter).sleepStarted, (*converter).sleepCompleted}
	case "contextCompaction":
		return itemHandler{(*converter).compactionStarted, (*converter).compactionCompleted}
	case "enteredReviewMode":
		return itemHandler{nil, (*converter).reviewEntered}
	case "exitedReviewMode":
		return itemHandler{nil, (*converter).reviewExited}
	}
	return itemHandler{}
}

// universalItem is an item as clients see it.
func (it *item) universal(suffix string, kind universal.ItemKind, role universal.Role, status universal.ItemStatus, content ...universal.Part) universal.Item {
	return universal.Item{
		ItemID:       it.key + suffix,
		NativeItemID: universal.NullString(it.native),
		ParentID:     universal.NullString(it.thread.call),
		Kind:         kind,
		Role:         role,
		Status:       status,
		Content:      content,
	}
}

// call tells the call of a tool, whose arguments are final.
func (c *converter) call(it *item, kind universal.ToolKind, name, arguments, title string) {
	if it.called {
		return
	}
	it.called = true
	if title == "" {
		title = name
	}
	call := &universal.ToolCallPart{Name: name, Arguments: arguments, CallID: it.key, ToolKind: kind, Title: oneline.Text(title)}
	c.emit(universal.TypeItemCompleted, &universal.ItemData{
		Item: it.universal("", universal.KindToolCall, universal.RoleAssistant, universal.StatusCompleted, call),
	})
}

const resultSuffix = ":result"

// beginResult opens the item of a result, for what streams into it.
func (c *converter) beginResult(it *item) {
	if it.result {
		return
	}
	it.result = true
	c.emit(universal.TypeItemStarted, &universal.ItemData{
		Item: it.universal(resultSuffix, universal.KindToolResult, universal.RoleTool, universal.StatusInProgress,
			&universal.ToolResultPart{CallID: it.key}),
	})
}

// resultDelta streams a piece of a result.
func (c *converter) resultDelta(it *item, text string) {
	c.beginResult(it)
	c.emit(universal.TypeItemDelta, &universal.ItemDeltaData{
		ItemID: it.key + resultSuffix, NativeItemID: universal.NullString(it.native), Delta: text,
	})
}

// completeResult tells what a call gave, with what there is beside the text.
func (c *converter) completeResult(it *item, status universal.ItemStatus, output string, parts ...universal.Part) {
	result := &universal.ToolResultPart{CallID: it.key, Output: output, IsError: status != universal.StatusCompleted}
	content := append([]universal.Part{result}, parts...)
	c.emit(universal.TypeItemCompleted, &universal.ItemData{
		Item: it.universal(resultSuffix, universal.KindToolResult, universal.RoleTool, status, content...),
	})
}

// done is the status of a call by what Codex says of it.
func done(native string) universal.ItemStatus {
	switch native {
	case "failed", "declined":
		return universal.StatusFailed
	}
	return universal.StatusCompleted
}
