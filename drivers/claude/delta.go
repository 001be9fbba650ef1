package claude

import (
	"bytes"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/jsonscan"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// deltaLine is what a line with a content_block_delta says: all that is needed
// of the one kind of line that floods. The slices are parts of the line.
type deltaLine struct {
	parent  []byte
	message []byte
	index   int
	kind    blockKind
	text    []byte
	escaped bool
}

// convertDelta is a short way for lines with a text, thinking or input delta:
// it scans the line once instead of building values of it. It does exactly what
// streamLine does with the same line, or nothing: then it returns false, having
// changed nothing, and the line takes the long way.
func (c *converter) convertDelta(line []byte) bool {
	if !bytes.Contains(line, []byte(`"content_block_delta"`)) {
		return false
	}
	var d deltaLine
	if !d.scan(line) {
		return false
	}
	s := c.streams[string(d.parent)]
	if s == nil || (len(d.message) > 0 && string(d.message) != s.message) {
		return false
	}
	b := s.block(d.index)
	if b == nil || !b.open || b.kind != d.kind {
		return false
	}
	text := d.text
	if d.escaped {
		c.scratch = jsonscan.Unescape(c.scratch[:0], text)
		text = c.scratch
	}
	if len(text) == 0 {
		return true
	}
	b.text = append(b.text, text...)
	c.emit(universal.TypeItemDelta, &universal.ItemDeltaData{
		ItemID:       b.key,
		NativeItemID: nativeItemID(s, b),
		Delta:        string(text),
	})
	return true
}

// lowerKey tells whether a name can't be taken for another one by
// encoding/json, which ignores case.
func lowerKey(key []byte) bool {
	for _, c := range key {
		if (c < 'a' || c > 'z') && c != '_' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// scan reads the line. Every member that is wanted may come once, in any
// order; others are skipped.
func (d *deltaLine) scan(line []byte) bool {
	s := jsonscan.New(line)
	var typed, event, parent, message bool
	more, ok := s.Open()
	for more && ok {
		key, found := s.Key()
		if !found {
			return false
		}
		switch string(key) {
		case "type":
			value, plain := plainString(&s)
			if !plain || typed || string(value) != "stream_event" {
				return false
			}
			typed = true
		case "event":
			if event || !d.scanEvent(&s) {
				return false
			}
			event = true
		case "parent_tool_use_id":
			if d.parent, ok = nullString(&s); !ok || parent {
				return false
			}
			parent = true
		case "api_message_id":
			if d.message, ok = nullString(&s); !ok || message {
				return false
			}
			message = true
		case "subtype", "abandoned_blocks":
			return false
		default:
			if !lowerKey(key) || !s.Skip() {
				return false
			}
		}
		more, ok = s.Next()
	}
	return ok && s.End() && typed && event
}

func (d *deltaLine) scanEvent(s *jsonscan.Scanner) bool {
	var typed, index, delta bool
	more, ok := s.Open()
	for more && ok {
		key, found := s.Key()
		if !found {
			return false
		}
		switch string(key) {
		case "type":
			value, plain := plainString(s)
			if !plain || typed || string(value) != "content_block_delta" {
				return false
			}
			typed = true
		case "index":
			if d.index, ok = s.Int(); !ok || index {
				return false
			}
			index = true
		case "delta":
			if delta || !d.scanDelta(s) {
				return false
			}
			delta = true
		case "message", "content_block", "usage":
			return false
		default:
			if !lowerKey(key) || !s.Skip() {
				return false
			}
		}
		more, ok = s.Next()
	}
	return ok && typed && index && delta
}

func (d *deltaLine) scanDelta(s *jsonscan.Scanner) bool {
	texts := blockOther // the kind whose text was found
	more, ok := s.Open()
	for more && ok {
		key, found := s.Key()
		if !found {
			return false
		}
		kind := blockOther
		switch string(key) {
		case "type":
			value, plain := plainString(s)
			if !plain || d.kind != blockOther {
				return false
			}
			switch string(value) {
			case "text_delta":
				d.kind = blockText
			case "thinking_delta":
				d.kind = blockThinking
			case "input_json_delta":
				d.kind = blockTool
			default:
				return false
			}
		case "text":
			kind = blockText
		case "thinking":
			kind = blockThinking
		case "partial_json":
			kind = blockTool
		case "stop_reason":
			return false
		default:
			if !lowerKey(key) || !s.Skip() {
				return false
			}
		}
		if kind != blockOther {
			if texts != blockOther {
				return false
			}
			texts = kind
			if d.text, d.escaped, ok = s.String(); !ok {
				return false
			}
		}
		more, ok = s.Next()
	}
	return ok && d.kind != blockOther && d.kind == texts
}

func plainString(s *jsonscan.Scanner) (value []byte, ok bool) {
	value, escaped, ok := s.String()
	return value, ok && !escaped
}

func nullString(s *jsonscan.Scanner) (value []byte, ok bool) {
	if s.Value() == 'n' {
		return nil, s.Null()
	}
	return plainString(s)
}
