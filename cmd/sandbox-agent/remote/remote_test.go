package remote_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/remote"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func method(t *testing.T, name string) rpc.Method {
	t.Helper()
	i := slices.IndexFunc(rpc.Table(), func(m rpc.Method) bool { return m.Name == name })
	if i < 0 {
		t.Fatalf("no method %s", name)
	}
	return rpc.Table()[i]
}

// Params go where the table says: into the path, the query or the body.
func TestCall(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, strings.Join([]string{r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body)}, "|"))
		_, _ = io.WriteString(w, "{}")
	}))
	defer server.Close()
	client := &remote.Client{Endpoint: server.URL + "//", Token: "t", HTTP: server.Client()}
	for _, call := range []struct {
		method string
		params remote.Params
	}{
		{"sessions/create", remote.Params{"sessionId": "a/b %", "agent": "mock"}},
		{"sessions/create", remote.Params{"agent": "mock"}},
		{"sessions/events", remote.Params{"sessionId": "s", "offset": 5, "includeRaw": true}},
		{"sessions/delete", remote.Params{"sessionId": "s"}},
		{"permissions/reply", remote.Params{"sessionId": "s", "permissionId": "p", "reply": "once"}},
	} {
		if _, err := client.Call(t.Context(), method(t, call.method), call.params); err != nil {
			t.Fatal(err)
		}
	}
	file := &remote.Upload{ContentType: "application/octet-stream", File: strings.NewReader("bytes")}
	resp, err := client.Do(t.Context(), method(t, "fs/write"), remote.Params{"path": "/f"}, file)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	want := []string{
		`POST|/v1/sessions/a%2Fb%20%25|Bearer t|application/json|{"agent":"mock"}`,
		`POST|/v1/sessions|Bearer t|application/json|{"agent":"mock"}`,
		`GET|/v1/sessions/s/events?includeRaw=true&offset=5|Bearer t||`,
		`DELETE|/v1/sessions/s|Bearer t||`,
		`POST|/v1/sessions/s/permissions/p/reply|Bearer t|application/json|{"reply":"once"}`,
		`PUT|/v1/fs/file?path=%2Ff|Bearer t|application/octet-stream|bytes`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := client.Call(t.Context(), method(t, "sessions/get"), remote.Params{}); err == nil {
		t.Error("a path without its parameter was asked for")
	}
}

func TestErrors(t *testing.T) {
	answers := map[string]string{"problem": `{"type":"urn:sandbox-agent:error:session_not_found","detail":"session not found: x","sessionId":"x"}`, "page": "<html>"}
	for name, body := range answers {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, body)
		}))
		client := &remote.Client{Endpoint: server.URL, HTTP: server.Client()}
		_, err := client.Call(t.Context(), method(t, "sessions/get"), remote.Params{"sessionId": "x"})
		server.Close()
		switch name {
		case "problem":
			if universal.KindOf(err) != universal.KindSessionNotFound {
				t.Errorf("error = %v", err)
			}
		case "page":
			if err == nil || !strings.Contains(err.Error(), "is no sandbox-agent server") {
				t.Errorf("error = %v", err)
			}
			_, err = client.Call(t.Context(), method(t, "health"), nil)
			if err == nil || !strings.Contains(err.Error(), "is sandbox-agent server running there?") || strings.Contains(err.Error(), "/v1/health") {
				t.Errorf("error = %v", err)
			}
		}
	}
}

func TestEachEvent(t *testing.T) {
	var got []string
	collect := func(data []byte) error {
		got = append(got, string(data))
		return nil
	}
	stream := ": hello\n\nid: 1\ndata: one\n\ndata:two\r\n\r\nevent: x\ndata: a\ndata: b\n\n"
	if err := remote.EachEvent(strings.NewReader(stream), collect); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"one", "two", "a\nb"}, got); diff != "" {
		t.Error(diff)
	}
	for _, cut := range []string{"data: half", "data: half\n"} {
		if err := remote.EachEvent(strings.NewReader(cut), collect); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", cut, err)
		}
	}
	stop := errors.New("stop")
	if err := remote.EachEvent(strings.NewReader(stream), func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}
