package stdio

import (
	"bytes"
	"encoding/json"
)

// members calls yield with each member of the object in data: the name, decoded,
// and the value's bytes without white space around them. It reports whether data
// has the shape of an object. It finds the ends of values, it doesn't check what
// is inside: for that there is json.Valid, and whoever decodes the value.
//
// Members are cut here instead of decoded, since params must stay as they are and
// a message may be tens of megabytes.
func members(data []byte, yield func(name, value []byte) bool) bool {
	data = bytes.TrimSpace(data)
	if len(data) < 2 || data[0] != '{' {
		return false
	}
	i := skipSpace(data, 1)
	if i < len(data) && data[i] == '}' {
		return i == len(data)-1
	}
	for {
		end := skipValue(data, i)
		if end < 0 || data[i] != '"' {
			return false
		}
		name, ok := decodeName(data[i:end])
		if !ok {
			return false
		}
		i = skipSpace(data, end)
		if i >= len(data) || data[i] != ':' {
			return false
		}
		i = skipSpace(data, i+1)
		if end = skipValue(data, i); end < 0 {
			return false
		}
		if !yield(name, data[i:end]) {
			return true
		}
		i = skipSpace(data, end)
		if i >= len(data) {
			return false
		}
		switch data[i] {
		case '}':
			return i == len(data)-1
		case ',':
			i = skipSpace(data, i+1)
		default:
			return false
		}
	}
}

func skipSpace(data []byte, i int) int {
	for i < len(data) {
		switch data[i] {
		case ' ', '\t', '\r', '\n':
			i++
		default:
			return i
		}
	}
	return i
}

// skipValue returns the index behind the value that begins at i, or -1. It doesn't
// recurse, so depth costs nothing.
func skipValue(data []byte, i int) int {
	depth := 0
	for i < len(data) {
		switch data[i] {
		case '"':
			if i = skipString(data, i); i < 0 {
				return -1
			}
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return -1
			}
			i++
			continue
		default:
			for i < len(data) && !endsScalar(data[i]) {
				i++
			}
		}
		if depth == 0 {
			return i
		}
		if depth < 0 {
			return -1
		}
	}
	return -1
}

func endsScalar(c byte) bool {
	switch c {
	case ',', ':', '}', ']', '{', '[', '"', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}

// skipString returns the index behind the string that begins at i, or -1.
func skipString(data []byte, i int) int {
	for i++; ; i++ {
		n := bytes.IndexByte(data[i:], '"')
		if n < 0 {
			return -1
		}
		start := i
		i += n
		// A quote behind an odd number of backslashes is part of the string.
		slashes := 0
		for j := i - 1; j >= start && data[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
}

// decodeName is decodeString without a copy where it can do without.
func decodeName(raw []byte) ([]byte, bool) {
	if isPlain(raw) {
		return raw[1 : len(raw)-1], true
	}
	text, ok := decodeString(raw)
	return []byte(text), ok
}

// decodeString returns the text of a JSON string.
func decodeString(raw []byte) (string, bool) {
	if isPlain(raw) {
		return string(raw[1 : len(raw)-1]), true
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return text, err == nil
}

// isPlain reports whether raw is a JSON string of printable ASCII without escapes,
// so that its text is what stands between the quotes.
func isPlain(raw []byte) bool {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return false
	}
	for _, c := range raw[1 : len(raw)-1] {
		if c < ' ' || c > '~' || c == '\\' || c == '"' {
			return false
		}
	}
	return true
}
