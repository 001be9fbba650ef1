package httpbridge_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/httpbridge"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestToken(t *testing.T) {
	const token = "s3cret/+token"
	l := newLab(t, func(o *httpbridge.Options) { o.Token = token })
	encode := base64.StdEncoding.EncodeToString
	tests := map[string]struct {
		header string
		ok     bool
	}{
		"none":                   {"", false},
		"bearer":                 {"Bearer " + token, true},
		"lower case":             {"bearer " + token, true},
		"token":                  {"Token " + token, true},
		"basic with user":        {"Basic " + encode([]byte("me:"+token)), true},
		"basic alone":            {"Basic " + encode([]byte(token)), true},
		"basic unpadded":         {"Basic " + strings.TrimRight(encode([]byte("u:"+token)), "="), true},
		"basic for URLs":         {"Basic " + base64.URLEncoding.EncodeToString([]byte("??>:"+token)), true},
		"wrong":                  {"Bearer wrong", false},
		"prefix":                 {"Bearer " + token[:4], false},
		"longer":                 {"Bearer " + token + "x", false},
		"other case":             {"Bearer " + strings.ToUpper(token), false},
		"empty bearer":           {"Bearer ", false},
		"no scheme":              {token, false},
		"unknown scheme":         {"Digest " + token, false},
		"basic garbage":          {"Basic !!!", false},
		"basic empty":            {"Basic ", false},
		"basic wrong":            {"Basic " + encode([]byte(token+":wrong")), false},
		"megabyte":               {"Bearer " + strings.Repeat("x", 32<<10), false},
		"with a zero byte's hex": {"Bearer " + token + "%00", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := l.ask(request{verb: "GET", path: "/v1/agents", header: map[string]string{"Authorization": tt.header}})
			if tt.ok {
				if got.status != 200 {
					t.Errorf("%d %s", got.status, got.body)
				}
				return
			}
			problem := wantProblem(t, got, universal.KindTokenInvalid)
			if problem.Detail != "token invalid" || problem.Details["message"] != "missing or invalid token" {
				t.Errorf("problem = %+v", problem)
			}
		})
	}
	// Public, unknown, and of a wrong verb.
	if got := l.ask(request{verb: "GET", path: "/v1/health"}); got.status != 200 {
		t.Errorf("health: %d", got.status)
	}
	wantProblem(t, l.ask(request{verb: "GET", path: "/v1/unknown"}), universal.KindNotFound)
	wantProblem(t, l.ask(request{verb: "PUT", path: "/v1/agents"}), universal.KindTokenInvalid)
	// The token is what counts: the name and the page may be any.
	elsewhere := map[string]string{"Authorization": "Bearer " + token, "Origin": "https://example.com", "Sec-Fetch-Site": "cross-site"}
	if got := l.ask(request{verb: "POST", path: "/v1/sessions/s", body: `{"agent":"mock"}`, host: "box.example.com", header: elsewhere}); got.status != 200 {
		t.Errorf("with token from elsewhere: %d %s", got.status, got.body)
	}
}

// Without a token, pages and names of others are kept out.
func TestForeignPages(t *testing.T) {
	header := func(pairs ...string) map[string]string {
		h := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			h[pairs[i]] = pairs[i+1]
		}
		return h
	}
	tests := map[string]struct {
		names, origins []string
		host           string
		header         map[string]string
		ok             bool
	}{
		"plain":                  {[]string{}, nil, "", nil, true},
		"localhost":              {[]string{}, nil, "localhost:2468", nil, true},
		"IPv6":                   {[]string{}, nil, "[::1]:2468", nil, true},
		"127.0.0.2":              {[]string{}, nil, "127.0.0.2", nil, true},
		"sub-domain":             {[]string{}, nil, "app.localhost", nil, true},
		"rebinding":              {[]string{}, nil, "evil.example:2468", nil, false},
		"looks local":            {[]string{}, nil, "localhost.evil.example", nil, false},
		"address in a name":      {[]string{}, nil, "127.0.0.1.evil.example", nil, false},
		"allowed name":           {[]string{"Box"}, nil, "box:80", nil, true},
		"allowed with a port":    {[]string{"box:80"}, nil, "box:2468", nil, true},
		"allowed IPv6":           {[]string{"[fd00::1]"}, nil, "[fd00::1]:80", nil, true},
		"own page":               {[]string{}, nil, "", header("Origin", "http://localhost:2468", "Sec-Fetch-Site", "same-origin"), true},
		"foreign page":           {[]string{}, nil, "", header("Origin", "https://evil.example"), false},
		"sandboxed page":         {[]string{}, nil, "", header("Origin", "null"), false},
		"foreign form":           {[]string{}, nil, "", header("Sec-Fetch-Site", "cross-site"), false},
		"foreign page, any name": {nil, nil, "box.example", header("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"), false},
		"any name":               {nil, nil, "box.example", nil, true},
		"allowed page":           {[]string{}, []string{"https://app.example"}, "", header("Origin", "https://app.example", "Sec-Fetch-Site", "cross-site"), true},
		"other page":             {[]string{}, []string{"https://app.example"}, "", header("Origin", "https://evil.example"), false},
		"all pages":              {[]string{}, []string{"*"}, "", header("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, func(o *httpbridge.Options) { o.Names, o.CORS.Origins = tt.names, tt.origins })
			got := l.ask(request{verb: "POST", path: "/v1/sessions/s", body: `{"agent":"mock"}`, host: tt.host, header: tt.header})
			if tt.ok {
				if got.status != 200 {
					t.Errorf("%d %s", got.status, got.body)
				}
				return
			}
			wantProblem(t, got, universal.KindPermissionDenied)
			var list struct{ Sessions []any }
			l.must("GET", "/v1/sessions", "", &list)
			if len(list.Sessions) != 0 {
				t.Error("the refused request was carried out")
			}
		})
	}
}

// A page of another site can't load anything from here as a script or an image,
// which browsers ask for without saying whose page it is for; a person can
// follow its links.
func TestForeignParts(t *testing.T) {
	l := newLab(t, nil)
	_, at := place(t, l)
	l.must("PUT", "/v1/fs/file"+at("secret.js"), "secret = 1", nil)
	for name, tt := range map[string]struct {
		site, mode string
		ok         bool
	}{
		"script":        {"cross-site", "no-cors", false},
		"old browser":   {"cross-site", "", false},
		"link":          {"cross-site", "navigate", true},
		"own page":      {"same-origin", "cors", true},
		"page of a dev": {"same-site", "no-cors", true},
		"address bar":   {"none", "navigate", true},
		"no browser":    {"", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			header := map[string]string{"Sec-Fetch-Site": tt.site, "Sec-Fetch-Mode": tt.mode}
			got := l.ask(request{verb: "GET", path: "/v1/fs/file" + at("secret.js"), header: header})
			if !tt.ok {
				wantProblem(t, got, universal.KindPermissionDenied)
				return
			}
			if got.status != 200 || string(got.body) != "secret = 1" || got.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%d %q, %v", got.status, got.body, got.header)
			}
		})
	}
}

func TestCORS(t *testing.T) {
	preflight := map[string]string{
		"Origin": "https://app.example", "Access-Control-Request-Method": "DELETE",
		"Access-Control-Request-Headers": "authorization,last-event-id",
	}
	l := newLab(t, func(o *httpbridge.Options) {
		o.Token, o.CORS = "secret", httpbridge.CORS{Origins: []string{"https://app.example"}, Credentials: true}
	})
	got := l.ask(request{verb: "OPTIONS", path: "/v1/sessions/s", header: preflight})
	want := map[string]string{
		"Access-Control-Allow-Origin": "https://app.example", "Access-Control-Allow-Methods": "DELETE",
		"Access-Control-Allow-Headers": "authorization,last-event-id", "Access-Control-Allow-Credentials": "true",
	}
	if got.status != 200 || len(got.body) != 0 {
		t.Errorf("preflight: %d %q", got.status, got.body)
	}
	for name, value := range want {
		if v := got.header.Get(name); !strings.EqualFold(strings.ReplaceAll(v, " ", ""), value) {
			t.Errorf("%s = %q, want %q", name, v, value)
		}
	}
	real := l.ask(request{verb: "GET", path: "/v1/health", header: map[string]string{"Origin": "https://app.example"}})
	if exposed := real.header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "Turn-Id") || !strings.Contains(exposed, "Event-Sequence") {
		t.Errorf("exposed: %q", exposed)
	}
	other := l.ask(request{verb: "GET", path: "/v1/health", header: map[string]string{"Origin": "https://evil.example"}})
	if v := other.header.Get("Access-Control-Allow-Origin"); v != "" {
		t.Errorf("a foreign origin is allowed: %q", v)
	}
	// Caches are told that it depends on the page, as they are without CORS.
	plain := newLab(t, nil).ask(request{verb: "GET", path: "/v1/health"})
	for name, got := range map[string]answer{"with": other, "without": plain} {
		if vary := strings.Join(got.header.Values("Vary"), ", "); !strings.Contains(vary, "Origin") {
			t.Errorf("%s CORS, Vary: %q", name, vary)
		}
	}
	// A page is told why it is refused.
	refused := newLab(t, func(o *httpbridge.Options) { o.CORS.Origins = []string{"https://app.example"} })
	rebound := refused.ask(request{verb: "GET", path: "/v1/health", host: "evil.example", header: map[string]string{"Origin": "https://app.example"}})
	wantProblem(t, rebound, universal.KindPermissionDenied)
	if v := rebound.header.Get("Access-Control-Allow-Origin"); v != "https://app.example" {
		t.Errorf("an allowed page can't read why it is refused: %q", v)
	}
	// A pattern is no origin: what matches it is not let in.
	pattern := newLab(t, func(o *httpbridge.Options) {
		o.Token, o.CORS.Origins = "secret", []string{"https://*.example", "https://app.example"}
	})
	for origin, allowed := range map[string]string{"https://evil.example": "", "https://app.example": "https://app.example"} {
		got := pattern.ask(request{verb: "GET", path: "/v1/health", header: map[string]string{"Origin": origin}})
		if v := got.header.Get("Access-Control-Allow-Origin"); v != allowed {
			t.Errorf("%s is told %q", origin, v)
		}
	}
	// Everybody with credentials is what browsers refuse; it doesn't end the server.
	all := newLab(t, func(o *httpbridge.Options) {
		o.Token, o.CORS = "secret", httpbridge.CORS{Origins: []string{"*"}, Credentials: true}
	})
	open := all.ask(request{verb: "GET", path: "/v1/health", header: map[string]string{"Origin": "https://any.example"}})
	if open.header.Get("Access-Control-Allow-Origin") != "*" || open.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("headers: %v", open.header)
	}
}

// What is logged of a request is who, what and how long, and no secret.
func TestAccessLog(t *testing.T) {
	var log bytes.Buffer
	l := newLab(t, func(o *httpbridge.Options) {
		o.Token, o.AccessHeaders = "secret-token", true
		o.Access = slog.New(slog.NewTextHandler(&log, nil))
	})
	l.ask(request{
		verb: "POST", path: "/v1/sessions/s?note=private", body: `{"agent":"mock","env":{"KEY":"private"}}`,
		header: map[string]string{"Authorization": "Bearer secret-token", "Cookie": "private=1", "X-Trace": "abc", "Referer": "http://localhost/ui/?token=secret-token"},
	})
	l.ask(request{verb: "OPTIONS", path: "/v1/sessions/s"}) // answered without a word
	l.stop()
	text := log.String()
	for _, want := range []string{"method=POST", "path=/v1/sessions/s ", "status=200", "headers.X-Trace=[abc]", "headers.Authorization=[***]"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if options := "method=OPTIONS path=/v1/sessions/s status=200 "; !strings.Contains(text, options) {
		t.Errorf("no %s in %s", options, text)
	}
	for _, secret := range []string{"secret-token", "private"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in the log: %s", secret, text)
		}
	}
}
