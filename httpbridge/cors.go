package httpbridge

import (
	"net/http"
	"slices"

	"github.com/go-chi/cors"
)

// CORS says which pages may use the bridge from a browser.
type CORS struct {
	// Origins are matched exactly, in lower case as browsers send them; "*" is
	// every page. Without one there is no page that may.
	Origins []string
	// Methods and Headers that pages may use; none means all.
	Methods, Headers []string
	// Credentials lets pages send cookies and logins.
	Credentials bool
}

// preflightAge is how long, in seconds, a browser need not ask again.
const preflightAge = 600

// allowOrigins answers browsers that ask for a page of another origin.
func (b *bridge) allowOrigins(next http.Handler) http.Handler {
	c := b.CORS
	if len(c.Origins) == 0 {
		return varying(next)
	}
	methods, headers := c.Methods, c.Headers
	if len(methods) == 0 {
		methods = verbs()
	}
	if len(headers) == 0 {
		headers = []string{"*"} // echoes what the page asks for
	}
	// Everybody's pages with their visitors' logins is what browsers refuse.
	everybody := slices.Contains(c.Origins, "*")
	opts := cors.Options{
		AllowedMethods: methods, AllowedHeaders: headers,
		ExposedHeaders:   []string{headerTurnID, headerEventSequence},
		AllowCredentials: c.Credentials && !everybody, MaxAge: preflightAge,
	}
	if everybody {
		opts.AllowedOrigins = []string{"*"}
	} else { // the library would take a * within one for anything
		opts.AllowOriginFunc = func(_ *http.Request, origin string) bool { return slices.Contains(c.Origins, origin) }
	}
	return cors.Handler(opts)(next)
}

// varying tells caches what the answers depend on, as those of a server whose
// pages may come from elsewhere.
func varying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
		next.ServeHTTP(w, r)
	})
}
