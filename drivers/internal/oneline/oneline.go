// Package oneline puts what agents say on one line, where people read it in a
// list or a client keeps it in a field.
package oneline

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Most is how many characters [Text] leaves.
const Most = 200

// Text is the first line of a text that has something on it; of a long one the
// beginning.
func Text(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	if runes := []rune(text); len(runes) > Most {
		return string(runes[:Most-1]) + "…"
	}
	return text
}

// JSON is a value without the spaces between its parts; {} for what is no JSON,
// such as the unfinished input of a call.
func JSON(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if len(raw) == 0 || json.Compact(&b, raw) != nil {
		return json.RawMessage("{}")
	}
	return b.Bytes()
}
