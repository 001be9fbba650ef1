package opencode

import (
	"fmt"
	"net/http"
	"strings"
)

// firstLine cuts a text to one line that a person reads.
func firstLine(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	const most = 200
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// joinPath writes the path to a value as people do.
func joinPath(path []any) string {
	names := make([]string, len(path))
	for i, name := range path {
		names[i] = fmt.Sprint(name)
	}
	return strings.Join(names, ".")
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("status %d %s", status, http.StatusText(status)))
}
