package httpbridge

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Whatever path, query and body are, they become one object or a typed error,
// and the session is the one that the path names.
func FuzzParams(f *testing.F) {
	f.Add("s", "includeRaw=true&until=turn", `{"message":"hello"}`)
	f.Add("a%2Fb%20%25", "include_raw=1&offset=%31", `{"message":"x","attachments":[{"path":"/x"}],"sessionId":"other"}`)
	f.Add("s", "sessionId=other&session_id=other", `{"sessionid":"other","MESSAGE":"x","message":null}`)
	f.Add("..", "limit=1;x=2&%zz", "[]")
	f.Add("é", "=&&=x", "{\"a\":1}\x00")
	f.Add("%FF", "until=%FE", "{\"message\":\"\xFF\"}")
	f.Fuzz(func(t *testing.T, segment, query, body string) {
		target, err := url.Parse("http://localhost/v1/sessions/" + segment + "/messages/stream")
		if err != nil || strings.ContainsAny(segment, "/?#") {
			return
		}
		id, err := url.PathUnescape(segment)
		if err != nil {
			t.Fatalf("%q was parsed: %v", segment, err)
		}
		target.RawQuery = query
		b := &bridge{Options: Options{MaxBodyBytes: 1 << 20}}
		for _, m := range rpc.Table() {
			if m.Name != "sessions/sendMessageStream" && m.Name != "sessions/events" {
				continue
			}
			router := chi.NewRouter()
			router.Post("/v1/sessions/{sessionId}/messages/stream", func(w http.ResponseWriter, r *http.Request) {
				params, err := b.params(w, r, m)
				if err != nil {
					if kind := universal.KindOf(err); kind == universal.KindInternal {
						t.Errorf("an internal error: %v", err)
					}
					return
				}
				p, err := rpc.DecodeParams[rpc.SessionParams](params)
				if err != nil {
					t.Fatalf("%v in %s", err, params)
				}
				if p.SessionID != id {
					t.Errorf("session %q, want %q, of %s", p.SessionID, id, params)
				}
			})
			r := &http.Request{
				Method: http.MethodPost, URL: target, Header: http.Header{"Content-Type": {"application/json"}},
				Body: readCloser{bytes.NewReader([]byte(body))}, ContentLength: -1,
			}
			router.ServeHTTP(httptest.NewRecorder(), r.WithContext(t.Context()))
		}
	})
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// A reader that comes back with a number gets what follows it, and with
// anything else an error.
func FuzzLastEventID(f *testing.F) {
	store, err := eventlog.OpenStore(eventlog.Options{Dir: f.TempDir()})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = store.Close() })
	sessions, err := session.NewManager(session.ManagerOptions{
		Drivers: []drivers.Driver{mock.New(mock.Options{})}, Store: store, Logger: slog.New(slog.DiscardHandler), Directory: f.TempDir(),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = sessions.Close(context.Background()) })
	if _, err := sessions.Create(f.Context(), session.CreateOptions{SessionID: "s", Agent: "mock"}); err != nil {
		f.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	handler := NewHandler(Options{Server: rpc.NewServer(rpc.ServerOptions{Sessions: sessions, Logger: logger}), Logger: logger})
	over, cancel := context.WithCancel(f.Context())
	cancel() // so that a stream has what is there and ends

	f.Add("0", "offset=1")
	f.Add("1", "offset=0&include_raw=true")
	f.Add("18446744073709551615", "")
	f.Add("18446744073709551616", "offset=x")
	f.Add("-1", "%zz")
	f.Add(" 1", "offset=0;")
	f.Fuzz(func(t *testing.T, id, query string) {
		r := &http.Request{
			Method: http.MethodGet, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "localhost",
			URL: &url.URL{Path: "/v1/sessions/s/events/sse", RawQuery: query}, Header: http.Header{},
		}
		r.Header.Set(lastEventID, id)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r.WithContext(over))
		seen, err := strconv.ParseUint(id, 10, 64)
		switch {
		case w.Code == http.StatusBadRequest:
			if !json.Valid(w.Body.Bytes()) {
				t.Errorf("no problem document: %q", w.Body)
			}
			if err == nil && query == "" {
				t.Errorf("%q was refused: %s", id, w.Body)
			}
		case w.Code != http.StatusOK:
			t.Errorf("%q: %d %s", id, w.Code, w.Body)
		case err != nil && id != "":
			t.Errorf("%q was taken for a number", id)
		case err == nil:
			first := []byte("id: " + strconv.FormatUint(seen+1, 10) + "\n")
			if w.Body.Len() > 0 && !bytes.HasPrefix(w.Body.Bytes(), first) {
				t.Errorf("after %d came %.100q", seen, w.Body)
			}
			if w.Body.Len() == 0 && seen == 0 {
				t.Errorf("nothing came, %q", query)
			}
		}
	})
}

// Whatever the header is, only the token gets in.
func FuzzTokenOf(f *testing.F) {
	f.Add("Bearer token")
	f.Add("Token  token ")
	f.Add("Basic " + base64.StdEncoding.EncodeToString([]byte("user:token")))
	f.Add("basic dG9rZW4")
	f.Add("Basic Og==")
	f.Add("\x00 \xFF")
	f.Fuzz(func(t *testing.T, header string) {
		token := tokenOf(header)
		if token != "" {
			// Each way to send it means the same.
			same := []string{"Basic " + base64.URLEncoding.EncodeToString([]byte("user:"+token))}
			if strings.TrimSpace(token) == token {
				same = append(same, "bEARER "+token, "Token "+token)
			}
			for _, again := range same {
				if got := tokenOf(again); got != token {
					t.Errorf("%q has %q, want %q", again, got, token)
				}
			}
		}
		const secret = "a secret that nobody guesses"
		check := newTokenCheck(secret)
		if check.accepts(token) != (token == secret) {
			t.Errorf("%q was let in", header)
		}
	})
}
