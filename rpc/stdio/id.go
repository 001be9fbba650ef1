package stdio

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// An id is a request's id as its client wrote it. raw goes back with the answer;
// key is equal for equal ids, however they were escaped.
type id struct {
	raw json.RawMessage
	key string
}

// parseID makes an id of the value of a member, which is valid JSON. Only strings
// and integers are ids: a fraction may not survive its client's own arithmetic,
// and null is the id of answers to unreadable messages.
func parseID(value []byte) (id, bool) {
	if value[0] != '"' {
		if !isInteger(value) {
			return id{}, false
		}
		return id{raw: value, key: "n" + string(value)}, true
	}
	text, ok := decodeString(value)
	if !ok || !utf8.Valid(value) {
		return id{}, false
	}
	return id{raw: escapeLineSeparators(value), key: "s" + text}, true
}

func isInteger(value []byte) bool {
	digits := bytes.TrimPrefix(value, []byte{'-'})
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(digits) > 0
}

// escapeLineSeparators writes U+2028 and U+2029 as escapes: Node's readline splits
// lines at them.
func escapeLineSeparators(raw []byte) []byte {
	raw = bytes.ReplaceAll(raw, []byte("\u2028"), []byte(`\u2028`))
	return bytes.ReplaceAll(raw, []byte("\u2029"), []byte(`\u2029`))
}
