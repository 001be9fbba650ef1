package httpbridge

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// statusClientGone is what is logged for a request whose client didn't wait;
// nobody sees it.
const statusClientGone = 499

// fail answers with a problem document. Its content type is application/json,
// as clients of the v0.1 API expect: their SDK decodes a problem only then.
func (b *bridge) fail(w http.ResponseWriter, r *http.Request, err error) {
	if cause := context.Cause(r.Context()); cause != nil && (errors.Is(err, cause) || errors.Is(err, context.Canceled)) {
		if !errors.Is(cause, errEnding) {
			w.WriteHeader(statusClientGone)
			return
		}
		err = universal.Errorf(universal.KindStreamError, "stream error: %v; send the request again when it is back", cause).With("message", cause.Error()).Because(err)
	}
	b.failAs(w, r, 0, err)
}

// failAs answers with another status than the error's kind has; 0 is that one.
func (b *bridge) failAs(w http.ResponseWriter, r *http.Request, status int, err error) {
	problem, info := rpc.ProblemOf(err)
	b.metrics.failed(info.Kind)
	if info.Kind == universal.KindInternal {
		b.Logger.Error("http: a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	switch {
	case status != 0:
		problem.Status = status
	case info.Status != 0:
		status = info.Status
	default: // a kind that only stdio knows
		status = statusClientGone
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sandbox-agent"`)
	}
	body, encodeErr := json.Marshal(problem)
	if encodeErr != nil {
		b.Logger.Error("http: a problem could not be encoded", "error", encodeErr)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = patient(w).Write(body) // whoever doesn't read it has gone
}

// recover keeps one request's panic from the others.
func (b *bridge) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // it is compared as net/http does
				panic(cause)
			}
			b.Logger.Error("http: a handler panicked", "path", r.URL.Path, "panic", cause, "stack", string(debug.Stack()))
			if seen.Status() != 0 {
				panic(http.ErrAbortHandler) // so that half an answer isn't taken for a whole one
			}
			b.fail(w, r, errors.New("the request could not be handled; the log says why"))
		}()
		next.ServeHTTP(seen, r)
	})
}

// notFound answers for unknown paths, which need no token.
func (b *bridge) notFound(w http.ResponseWriter, r *http.Request) {
	b.fail(w, r, universal.Errorf(universal.KindNotFound, "not found: %s; the API is below /v1, its description at /v1/openapi.json", r.URL.Path))
}

// verbs are the methods that a route can have.
func verbs() []string {
	return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
}

// methodNotAllowed answers for known paths with another verb, which don't
// tell more than they would to somebody with the right one; and to OPTIONS,
// which a browser sends before it sends a token.
func (b *bridge) methodNotAllowed(routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		allowed := allowedVerbs(routes, r)
		if len(allowed) == 0 { // an unknown verb on an unknown path
			b.notFound(w, r)
			return
		}
		refuse := func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			if r.Method != http.MethodOptions {
				b.fail(w, r, universal.Errorf(universal.KindMethodNotAllowed, "method not allowed: %s %s; use %s", r.Method, r.URL.Path, strings.Join(allowed, " or ")))
			}
		}
		if r.Method != http.MethodOptions && strings.HasPrefix(r.URL.Path, "/v1/") && r.URL.Path != healthPath {
			refuse = b.authorized(refuse)
		}
		refuse(w, r)
	}
}

// allowedVerbs are those that a request's path has routes for.
func allowedVerbs(routes chi.Routes, r *http.Request) []string {
	path := r.URL.Path
	if r.URL.RawPath != "" {
		path = r.URL.RawPath
	}
	return slices.DeleteFunc(verbs(), func(verb string) bool {
		return !routes.Match(chi.NewRouteContext(), verb, path)
	})
}
