package claude

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// stream is the model message that is being told, of the main agent or of one
// sub-agent.
type stream struct {
	parent  string // the call that started the sub-agent; "" for the main agent
	message string // the message's id
	blocks  []*block
	usage   apiUsage
	counted bool // the message's usage is in the turn's
}

type blockKind int

const (
	blockOther blockKind = iota // of a type that has no item
	blockText
	blockThinking
	blockRedacted
	blockTool
)

// block is one content block of a message, and the item that it is.
type block struct {
	kind blockKind
	key  string // of the item
	name string // of the tool
	text []byte // what was streamed so far
	open bool
}

// blockKey names the item of a text or a thought.
func blockKey(message string, index int) string { return message + ":" + strconv.Itoa(index) }

// maxBlocks bounds the index of a content block; a message has a handful.
const maxBlocks = 4096

func (s *stream) block(index int) *block {
	if index < 0 || index >= len(s.blocks) {
		return nil
	}
	return s.blocks[index]
}

// put sets the block at an index.
func (s *stream) put(index int, b *block) {
	for len(s.blocks) <= index {
		s.blocks = append(s.blocks, nil)
	}
	s.blocks[index] = b
}

func (c *converter) stream(parent string) *stream {
	s := c.streams[parent]
	if s == nil {
		s = &stream{parent: parent}
		c.streams[parent] = s
	}
	return s
}

// next begins another message. What the one before left open was abandoned:
// 2.1.197 doesn't say so.
func (c *converter) next(s *stream, message string) {
	c.abandon(s, 0)
	*s = stream{parent: s.parent, message: message}
}

func (c *converter) streamLine(line []byte) error {
	var l streamLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	s := c.stream(l.Parent)
	switch l.Event.Type {
	case "message_start":
		if l.Parent == "" {
			c.begin()
		}
		c.next(s, l.Event.Message.ID)
		s.usage = l.Event.Message.Usage
		c.usage.speaks(s, &l.Event.Message)
		return nil
	case "content_block_start":
		return c.blockStart(s, l.Event.Index, &l.Event.ContentBlock)
	case "content_block_delta":
		return c.blockDelta(s, &l)
	case "content_block_stop":
		return nil // the finished block came as an assistant line before
	case "message_delta":
		s.usage.merge(&l.Event.Usage)
		c.countMessage(s)
		return nil
	case "message_stop":
		if l.Abandoned != nil && l.Abandoned.MessageID == s.message {
			c.abandon(s, l.Abandoned.From)
		}
		// An empty block gets no line of its own.
		c.closeBlocks(s, universal.StatusCompleted)
		return nil
	}
	if isDropped("stream_event/" + l.Event.Type) {
		return nil
	}
	return fmt.Errorf("unknown stream event %q", l.Event.Type)
}

func (c *converter) blockStart(s *stream, index int, content *contentBlock) error {
	if index < 0 || index > maxBlocks || s.message == "" {
		return fmt.Errorf("content block %d of message %q", index, s.message)
	}
	if b := s.block(index); b != nil && b.open {
		return fmt.Errorf("content block %d starts again", index)
	}
	if s.parent == "" {
		c.begin()
	}
	b := newBlock(s.message, index, content)
	s.put(index, b)
	if b.kind == blockOther {
		return nil // the finished block tells what it is
	}
	if b.key == "" {
		return errors.New("tool call without an id")
	}
	b.open = true
	item := c.blockItem(s, b, universal.StatusInProgress)
	switch b.kind {
	case blockThinking:
		// Tells whoever shows the deltas that they aren't the answer.
		item.Content = universal.Content{&universal.ReasoningPart{Visibility: universal.VisibilityPublic}}
	case blockTool:
		if c.calls[b.key] != nil {
			b.open = false
			return fmt.Errorf("tool call %s starts again", b.key)
		}
		c.noteCall(s.parent, content)
		item.Content = universal.Content{c.callPart(b.key, b.name, "", "")}
	case blockRedacted:
		item.Content = redacted()
	}
	c.emit(universal.TypeItemStarted, &universal.ItemData{Item: item})
	if first := content.Text + content.Thinking; first != "" {
		c.appendDelta(s, b, first)
	}
	return nil
}

func newBlock(message string, index int, content *contentBlock) *block {
	b := &block{key: blockKey(message, index)}
	switch content.Type {
	case "text":
		b.kind = blockText
	case "thinking":
		b.kind = blockThinking
	case "redacted_thinking":
		b.kind = blockRedacted
	case "tool_use", "server_tool_use", "mcp_tool_use":
		b.kind, b.key, b.name = blockTool, content.ID, content.Name
	}
	return b
}

// redacted is what is left of a thought that the model's API keeps for itself.
func redacted() universal.Content {
	return universal.Content{&universal.ReasoningPart{Visibility: universal.VisibilityPrivate}}
}

func (c *converter) blockDelta(s *stream, l *streamLine) error {
	kind, text := blockOther, ""
	switch d := &l.Event.Delta; d.Type {
	case "text_delta":
		kind, text = blockText, d.Text
	case "thinking_delta":
		kind, text = blockThinking, d.Thinking
	case "input_json_delta":
		kind, text = blockTool, d.PartialJSON
	default:
		if isDropped("stream_event/" + d.Type) {
			return nil
		}
		return fmt.Errorf("unknown delta %q", d.Type)
	}
	b := s.block(l.Event.Index)
	if b != nil && b.kind == blockOther {
		return nil
	}
	if b == nil || !b.open || b.kind != kind || (l.APIMessageID != "" && l.APIMessageID != s.message) {
		return fmt.Errorf("%s for a content block that is not open", l.Event.Delta.Type)
	}
	c.appendDelta(s, b, text)
	return nil
}

func (c *converter) appendDelta(s *stream, b *block, text string) {
	if text == "" {
		return
	}
	c.keepText(b, text)
	c.emit(universal.TypeItemDelta, &universal.ItemDeltaData{
		ItemID:       b.key,
		NativeItemID: nativeItemID(s, b),
		Delta:        text,
	})
}

// keepText appends to a block's text, in the buffer of an earlier block if one
// is left.
func (c *converter) keepText(b *block, text string) {
	if b.text == nil {
		b.text, c.spare = c.spare, nil
	}
	b.text = append(b.text, text...)
}

// maxSpare is the largest buffer that is kept for the text of another block, in
// bytes.
const maxSpare = 256 << 10

// dropText lets go of a block's text.
func (c *converter) dropText(b *block) {
	if n := cap(b.text); n > cap(c.spare) && n <= maxSpare {
		c.spare = b.text[:0]
	}
	b.text = nil
}

func nativeItemID(s *stream, b *block) universal.NullString {
	if b.kind == blockTool {
		return universal.NullString(b.key)
	}
	return universal.NullString(s.message)
}

func (c *converter) blockItem(s *stream, b *block, status universal.ItemStatus) universal.Item {
	item := universal.Item{
		ItemID:       b.key,
		NativeItemID: nativeItemID(s, b),
		ParentID:     universal.NullString(s.parent),
		Kind:         universal.KindMessage,
		Role:         universal.RoleAssistant,
		Status:       status,
		Content:      universal.Content{},
	}
	if b.kind == blockTool {
		item.Kind = universal.KindToolCall
	}
	return item
}

// completeText ends the item of a text or a thought with its final text.
func (c *converter) completeText(s *stream, b *block, text string, status universal.ItemStatus) {
	streamed := b.open
	b.open = false
	item := c.blockItem(s, b, status)
	switch b.kind {
	case blockThinking:
		item.Content = universal.Content{&universal.ReasoningPart{Text: text, Visibility: universal.VisibilityPublic}}
	case blockRedacted:
		item.Content = redacted()
	default:
		item.Content = universal.Content{&universal.TextPart{Text: text}}
	}
	rewritten := streamed && string(b.text) != text
	c.dropText(b)
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: item, Rewritten: rewritten})
}

// closeBlock ends an open block with what was streamed of it.
func (c *converter) closeBlock(s *stream, b *block, status universal.ItemStatus) {
	if b.kind != blockTool {
		c.completeText(s, b, string(b.text), status)
		return
	}
	b.open = false
	item := c.blockItem(s, b, status)
	item.Content = universal.Content{c.callPart(b.key, b.name, string(b.text), "")}
	c.dropText(b)
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: item})
}

func (c *converter) closeBlocks(s *stream, status universal.ItemStatus) {
	for _, b := range s.blocks {
		if b != nil && b.open {
			c.closeBlock(s, b, status)
		}
	}
}

// abandon ends what is void from a block on: the stream was cut.
func (c *converter) abandon(s *stream, from int) {
	for i, b := range s.blocks {
		if i < from || b == nil || !b.open {
			continue
		}
		c.closeBlock(s, b, universal.StatusFailed)
		if b.kind == blockTool {
			delete(c.calls, b.key)
		}
	}
}

// closeOpenBlocks ends what the main agent left open at the end of its turn.
func (c *converter) closeOpenBlocks(stop universal.StopReason) {
	s := c.streams[""]
	if s == nil {
		return
	}
	status := universal.StatusCompleted
	switch stop {
	case universal.StopInterrupted:
		status = universal.StatusCancelled
	case universal.StopError:
		status = universal.StatusFailed
	}
	c.closeBlocks(s, status)
	for id, call := range c.calls {
		if call.parent == "" {
			delete(c.calls, id) // no result of it will come
		}
	}
}

// assistantLine is the final word on a content block, and the only one when
// nothing was streamed: by sub-agents, and after a request without streaming.
func (c *converter) assistantLine(line []byte) error {
	var l assistantLine
	blocks, err := l.decode(line)
	if err != nil {
		return err
	}
	if l.Parent == "" {
		c.begin()
	}
	if l.Error != "" {
		c.emit(universal.TypeError, messageError(&l, blocks))
		if l.Parent == "" {
			c.turn.failed = true
			c.turn.tooLong = l.Error == "max_output_tokens"
		}
		return nil
	}
	if l.Message.ID == "" {
		return errors.New("message without an id")
	}
	s := c.stream(l.Parent)
	if s.message != l.Message.ID {
		c.next(s, l.Message.ID)
	}
	var failed []string
	for i := range blocks {
		if err := c.finishedBlock(s, &blocks[i], &l); err != nil {
			failed = append(failed, err.Error())
		}
	}
	c.usage.speaks(s, &l.Message)
	if l.Message.StopReason != "" && l.Message.Model != synthetic {
		s.usage = l.Message.Usage
		c.countMessage(s)
	}
	if failed != nil {
		return errors.New(strings.Join(failed, "; "))
	}
	return nil
}

func (c *converter) finishedBlock(s *stream, content *contentBlock, l *assistantLine) error {
	status := universal.StatusCompleted
	if l.Aborted {
		status = universal.StatusCancelled
	}
	b := s.finished(content)
	switch b.kind {
	case blockTool:
		if content.ID == "" {
			return errors.New("tool call without an id")
		}
		if !b.open && c.calls[b.key] != nil {
			return fmt.Errorf("tool call %s is told again", b.key)
		}
		c.completeCall(s, b, content, l, status)
		return nil
	case blockText, blockThinking, blockRedacted:
		text := content.Text
		if b.kind == blockThinking {
			text = content.Thinking
		}
		c.completeText(s, b, text, status)
		return nil
	}
	if strings.HasSuffix(content.Type, "_tool_result") {
		return c.toolResult(s.parent, content, nil, "")
	}
	return fmt.Errorf("unknown content block %q", content.Type)
}

// finished finds the streamed block that a finished one is, or makes it.
func (s *stream) finished(content *contentBlock) *block {
	fresh := newBlock(s.message, len(s.blocks), content)
	for _, b := range s.blocks {
		if b != nil && b.open && b.kind == fresh.kind && (b.kind != blockTool || b.key == fresh.key) {
			return b
		}
	}
	if len(s.blocks) <= maxBlocks {
		s.blocks = append(s.blocks, fresh)
	}
	return fresh
}
