package httpbridge

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5/middleware"
)

// secretHeaders are never logged. Referer is the address of a page, which may
// have been opened with the token in it.
var secretHeaders = map[string]bool{
	"Authorization": true, "Proxy-Authorization": true, "Cookie": true, "Referer": true,
}

// logAccess logs each request when it is over. Queries are left out, and
// bodies: they are the user's.
func (b *bridge) logAccess(next http.Handler) http.Handler {
	if b.Access == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		seen := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			attrs := []slog.Attr{
				slog.String("method", r.Method), slog.String("path", r.URL.Path),
				slog.Int("status", cmp.Or(seen.Status(), http.StatusOK)), slog.Int("bytes", seen.BytesWritten()),
				slog.Duration("duration", time.Since(begin)), slog.String("client", r.RemoteAddr),
			}
			if b.AccessHeaders {
				attrs = append(attrs, headers(r.Header))
			}
			b.Access.LogAttrs(r.Context(), slog.LevelInfo, "http request", attrs...)
		}()
		next.ServeHTTP(seen, r)
	})
}

func headers(h http.Header) slog.Attr {
	var attrs []any
	for name, values := range h {
		if secretHeaders[name] {
			values = []string{"***"}
		}
		attrs = append(attrs, slog.Any(name, values))
	}
	return slog.Group("headers", attrs...)
}
