package httpbridge

import (
	_ "embed"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
)

//go:embed page.html
var page string

// addressMark stands in the page for where the server is.
const addressMark = "ADDRESS"

// welcome says to a person who found the server what it is.
func (b *bridge) welcome(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(patient(w), "sandbox-agent %s\n\nOne API for coding agents.\n\n  GET /v1/health   whether the server is there\n  GET /v1/agents   the agents\n  GET /ui/         a page for people\n", b.Version)
}

// page shows the same in a browser, with the address that the browser used. It
// needs no token and loads nothing.
func (b *bridge) page(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // its address may have the token in it
	_, _ = io.WriteString(patient(w), strings.ReplaceAll(page, addressMark, html.EscapeString(r.Host)))
}
