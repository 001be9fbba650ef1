package httpbridge

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// guardNames refuses requests that a web page of somebody else made: those
// that came under a foreign name, which is how DNS rebinding looks, and those
// from a foreign origin. A token, which pages don't have, makes it needless.
func (b *bridge) guardNames(next http.Handler) http.Handler {
	switch {
	case b.Token != "":
		return next
	case b.Names == nil:
		return b.guardOrigins(next)
	}
	guarded := b.guardOrigins(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Browsers name the host; who doesn't, as some that only look whether the
		// server is there, is none.
		if r.Host != "" && !b.knownName(hostName(r.Host)) {
			b.fail(w, r, denied("the host %q is not one of this server; allow it with --allow-host", r.Host))
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !b.knownOrigin(origin) {
			b.fail(w, r, denied("pages of %s may not use this server; allow them with --cors-allow-origin", origin))
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// guardOrigins refuses what a browser says another site's page wants changed,
// or loads as a part of itself: files of this machine could run there as scripts.
func (b *bridge) guardOrigins(next http.Handler) http.Handler {
	if slices.Contains(b.CORS.Origins, "*") {
		return next
	}
	protection := http.NewCrossOriginProtection()
	for _, origin := range b.CORS.Origins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			b.Logger.Warn("http: an origin can't be allowed", "origin", origin, "error", err)
		}
	}
	refuse := func(w http.ResponseWriter, r *http.Request) {
		b.fail(w, r, denied("pages of other sites may not use this server; allow them with --cors-allow-origin"))
	}
	protection.SetDenyHandler(http.HandlerFunc(refuse))
	guarded := protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
			refuse(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

func denied(format string, args ...any) error {
	err := universal.Errorf(universal.KindPermissionDenied, "permission denied")
	return err.With("message", universal.Errorf("", format, args...).Detail)
}

// knownName tells whether a name is one of this machine or was allowed.
func (b *bridge) knownName(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	if ip, err := netip.ParseAddr(name); err == nil && ip.IsLoopback() {
		return true
	}
	return slices.ContainsFunc(b.Names, func(known string) bool { return hostName(known) == name })
}

func (b *bridge) knownOrigin(origin string) bool {
	if slices.Contains(b.CORS.Origins, origin) || slices.Contains(b.CORS.Origins, "*") {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && b.knownName(hostName(u.Host))
}

// hostName is a host without its port and brackets, in lower case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
