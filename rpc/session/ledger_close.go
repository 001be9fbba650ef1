package session

import (
	"fmt"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

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
	result := &ledgerItem{key: item.ItemID, id: l.nextItemID(), kind: item.Kind, open: true, turn: call.turn}
	item.ParentID = call.item.ParentID
	item.ItemID = result.id
	result.content = &content{item: item}
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
