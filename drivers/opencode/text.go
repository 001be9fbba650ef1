package opencode

import (
	"fmt"
	"net/http"
	"strings"
)

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
