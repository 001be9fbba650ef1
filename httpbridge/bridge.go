package httpbridge

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/sandbox-agent/sandbox-agent/rpc"
)

// Options are what a bridge is made of.
type Options struct {
	Server  *rpc.Server
	Version string // of the program
	Logger  *slog.Logger
	// Token is what clients have to show; "" lets everybody in.
	Token string
	// Names are the hosts under which the bridge may be addressed besides
	// those of the loopback interface, at any port; nil allows every name.
	Names []string
	CORS  CORS
	// Access is where requests are logged; nil logs none.
	Access *slog.Logger
	// AccessHeaders adds the headers of requests, without secrets.
	AccessHeaders bool
	// MaxBodyBytes bounds a JSON body, and four times as much all those that are
	// held at a time; 0 means the server's limit for one message. Files are not
	// bounded.
	MaxBodyBytes int64
	// Heartbeat is how often a silent stream gets a comment; 0 means 15 s.
	Heartbeat time.Duration
}

// bridge is a method table on HTTP.
type bridge struct {
	Options
	token   tokenCheck
	metrics metrics
	room    room // for bodies
}

// NewHandler makes the handler of all routes. Its streams end with the
// contexts of their requests.
func NewHandler(opts Options) http.Handler {
	if opts.MaxBodyBytes == 0 {
		opts.MaxBodyBytes = int64(opts.Server.Limits().MaxMessageBytes)
	}
	if opts.Heartbeat == 0 {
		opts.Heartbeat = 15 * time.Second
	}
	b := &bridge{Options: opts, token: newTokenCheck(opts.Token)}
	b.room.free.Store(roomForBodies * opts.MaxBodyBytes)
	return b.routes()
}

func (b *bridge) routes() chi.Router {
	r := chi.NewRouter()
	r.Use(bound, b.logAccess, b.recover, b.allowOrigins, b.guardNames)
	r.NotFound(b.notFound)
	r.MethodNotAllowed(b.methodNotAllowed(r))
	get := func(path string, handler http.HandlerFunc) {
		r.Get(path, handler)
		r.Head(path, handler)
	}
	get("/", b.welcome)
	get("/ui", b.page)
	get("/ui/*", b.page)
	get("/v1/metrics", b.authorized(b.showMetrics))
	for _, m := range rpc.Table() {
		for _, path := range m.Paths {
			handler := given(m.Given[path], b.handler(m))
			if path != healthPath {
				handler = b.authorized(handler)
			}
			if m.Verb == http.MethodGet && !m.Streams {
				get(path, handler)
			} else {
				r.Method(m.Verb, path, handler)
			}
		}
	}
	return r
}

// given adds the params that a path stands for, which the query can't change.
func given(params map[string]string, next http.HandlerFunc) http.HandlerFunc {
	if len(params) == 0 {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		for name, value := range params {
			query.Set(name, value)
		}
		r.URL.RawQuery = query.Encode()
		next(w, r)
	}
}

// handler is what serves a method.
func (b *bridge) handler(m rpc.Method) http.HandlerFunc {
	switch {
	case m.Name == "fs/read":
		return b.download
	case m.Name == "fs/write":
		return b.upload
	case m.Name == "fs/upload":
		return b.uploadArchive
	case m.Streams:
		return func(w http.ResponseWriter, r *http.Request) { b.stream(w, r, m) }
	default:
		return func(w http.ResponseWriter, r *http.Request) { b.call(w, r, m) }
	}
}
