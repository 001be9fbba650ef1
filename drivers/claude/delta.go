package claude

import (
	"bytes"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/jsonscan"
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

	// Where in the line the text and the uuid are, with their quotes.
	textAt, textEnd int
	uuidAt, uuidEnd int
}

// deltaShape is a line that was scanned. The lines of a content block differ in
// their texts and uuids only, which is found faster by comparing than by
// scanning.
type deltaShape struct {
	line    []byte // a copy; empty for no shape
	scanned deltaLine
}

// learn takes the line of d for the shape of those that follow.
func (s *deltaShape) learn(line []byte, d *deltaLine) {
	s.line, s.scanned = s.line[:0], deltaLine{}
	if len(line) > maxShape || (d.uuidAt > 0 && d.uuidAt < d.textEnd) {
		return
	}
	s.line = append(s.line, line...)
	s.scanned.scan(s.line) // again, for parts of the copy
}

// maxShape is the longest line that is kept as a shape, in bytes.
const maxShape = 4 << 10

// match reads a line that has the shape, as scanning it would.
func (s *deltaShape) match(line []byte) (d deltaLine, ok bool) {
	d = s.scanned
	if len(s.line) == 0 || !bytes.HasPrefix(line, s.line[:d.textAt]) {
		return d, false
	}
	text := jsonscan.New(line[d.textAt:])
	if d.text, d.escaped, ok = text.String(); !ok {
		return d, false
	}
	rest, tail := line[d.textAt+text.Offset():], s.line[d.textEnd:]
	if len(rest) != len(tail) {
		return d, false
	}
	if d.uuidAt == 0 {
		return d, bytes.Equal(rest, tail)
	}
	from, to := d.uuidAt-d.textEnd, d.uuidEnd-d.textEnd
	uuid := jsonscan.New(rest[from:to])
	_, _, ok = uuid.String()
	return d, ok && uuid.Offset() == to-from && bytes.Equal(rest[:from], tail[:from]) && bytes.Equal(rest[to:], tail[to:])
}

// convertDelta is a short way for lines with a text, thinking or input delta:
// it scans the line once instead of building values of it. It does exactly what
// streamLine does with the same line, or nothing: then it returns false, having
// changed nothing, and the line takes the long way.
func (c *converter) convertDelta(line []byte) bool {
	d, ok := c.shape.match(line)
	if !ok {
		d = deltaLine{}
		if !d.scan(line) {
			return false
		}
		c.shape.learn(line, &d)
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
	c.appendDelta(s, b, string(text))
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
		case "uuid":
			s.Value()
			d.uuidAt = s.Offset()
			if !s.Skip() {
				return false
			}
			d.uuidEnd = s.Offset()
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
			s.Value()
			d.textAt = s.Offset()
			if d.text, d.escaped, ok = s.String(); !ok {
				return false
			}
			d.textEnd = s.Offset()
		}
		more, ok = s.Next()
	}
	return ok && d.kind != blockOther && d.kind == texts
}

// scanHead reads what json.Unmarshal would, without decoding the rest of a long
// line; false if it isn't sure.
func scanHead(line []byte) (h head, ok bool) {
	s := jsonscan.New(line)
	var typed, subtyped bool
	more, ok := s.Open()
	for more && ok {
		key, found := s.Key()
		if !found {
			return h, false
		}
		var value []byte
		switch string(key) {
		case "type":
			if value, ok = plainString(&s); !ok || typed {
				return h, false
			}
			h.Type, typed = string(value), true
		case "subtype":
			if value, ok = plainString(&s); !ok || subtyped {
				return h, false
			}
			h.Subtype, subtyped = string(value), true
		default:
			if !lowerKey(key) || !s.Skip() {
				return h, false
			}
		}
		more, ok = s.Next()
	}
	return h, ok && s.End()
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
