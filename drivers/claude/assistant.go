package claude

import (
	"encoding/json"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/jsonscan"
)

// decode decodes a line and the content blocks of its message; Message.Content is
// not set. An answer may have a megabyte, which encoding/json reads four times
// over, once for each level that it is nested: the content is taken out first.
func (l *assistantLine) decode(line []byte) ([]contentBlock, error) {
	content, rest, ok := cutContent(line)
	if !ok {
		if err := json.Unmarshal(line, l); err != nil {
			return nil, err
		}
		content, l.Message.Content = l.Message.Content, nil
		return decodeBlocks(content)
	}
	if err := json.Unmarshal(rest, l); err != nil {
		return nil, err
	}
	l.Message.Content = nil
	if block, ok := scanBlock(content); ok {
		return []contentBlock{block}, nil
	}
	return decodeBlocks(content)
}

// cutContent takes the content out of a line with a message. The rest, a copy,
// has null in its place. The content is a part of the line, and valid.
func cutContent(line []byte) (content, rest []byte, ok bool) {
	s := jsonscan.New(line)
	var start, end int
	found := false
	more, ok := s.Open()
	for more && ok {
		key, named := s.Key()
		switch {
		case !named || !lowerKey(key):
			return nil, nil, false
		case string(key) == "message":
			if found {
				return nil, nil, false
			}
			if start, end, found = findContent(&s); !found {
				return nil, nil, false
			}
		case !s.Skip():
			return nil, nil, false
		}
		more, ok = s.Next()
	}
	if !ok || !found || !s.End() {
		return nil, nil, false
	}
	rest = make([]byte, 0, len(line)-(end-start)+len("null"))
	rest = append(rest, line[:start]...)
	rest = append(rest, "null"...)
	return line[start:end], append(rest, line[end:]...), true
}

// findContent reads a message and tells where its content is.
func findContent(s *jsonscan.Scanner) (start, end int, found bool) {
	more, ok := s.Open()
	for more && ok {
		key, named := s.Key()
		if !named || !lowerKey(key) {
			return 0, 0, false
		}
		wanted := string(key) == "content"
		if wanted {
			if found {
				return 0, 0, false
			}
			s.Value()
			start = s.Offset()
		}
		if !s.Skip() {
			return 0, 0, false
		}
		if wanted {
			end, found = s.Offset(), true
		}
		more, ok = s.Next()
	}
	return start, end, ok && found
}

// scanBlock reads content that is a single text or thought.
func scanBlock(content []byte) (b contentBlock, ok bool) {
	if len(content) < 2 || content[0] != '[' {
		return b, false
	}
	s := jsonscan.New(content[1 : len(content)-1])
	var typed, text, thinking bool
	more, ok := s.Open()
	for more && ok {
		key, named := s.Key()
		if !named {
			return b, false
		}
		switch string(key) {
		case "type":
			value, plain := plainString(&s)
			if !plain || typed || (string(value) != "text" && string(value) != "thinking") {
				return b, false
			}
			b.Type, typed = string(value), true
		case "text":
			if text || !scanString(&s, &b.Text) {
				return b, false
			}
			text = true
		case "thinking":
			if thinking || !scanString(&s, &b.Thinking) {
				return b, false
			}
			thinking = true
		case "id", "name", "input", "tool_use_id", "content", "is_error", "source":
			return b, false
		default:
			if !lowerKey(key) || !s.Skip() {
				return b, false
			}
		}
		more, ok = s.Next()
	}
	return b, ok && typed && s.End()
}

func scanString(s *jsonscan.Scanner, to *string) bool {
	inner, escaped, ok := s.String()
	if escaped && ok {
		inner = jsonscan.Unescape(make([]byte, 0, len(inner)), inner)
	}
	*to = string(inner)
	return ok
}
