package httpbridge

import (
	_ "embed"
	"fmt"
	"net/http"
)

//go:embed page.html
var page []byte

// welcome says to a person who found the server what it is.
func (b *bridge) welcome(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(patient(w), "sandbox-agent %s\n\nOne API for coding agents.\n\n  GET /v1/health   whether the server is there\n  GET /v1/agents   the agents\n  GET /ui/         a page for people\n", b.Version)
}

// page shows the same in a browser. It needs no token and loads nothing.
func (b *bridge) page(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = patient(w).Write(page)
}
