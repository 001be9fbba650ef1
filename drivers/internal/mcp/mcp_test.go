package mcp

import (
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func getenv(name string) string {
	return map[string]string{"TOKEN": "secret\n", "KEY": "k"}[name]
}

func TestEnabled(t *testing.T) {
	off := false
	got, err := Enabled(map[string]drivers.MCPServer{
		"web":   {Type: "remote", URL: "https://x/", Transport: "sse", Headers: map[string]string{"A": "b"}, EnvHeaders: map[string]string{"X-Key": "KEY"}, BearerTokenEnvVar: "TOKEN", TimeoutMS: 5},
		"plain": {Type: "remote", URL: "https://y/"},
		"off":   {Type: "wrong", Enabled: &off},
		"local": {Type: "local", Command: []string{"server", "-v"}, Env: map[string]string{"A": "b"}, Cwd: "/srv"},
	}, getenv)
	want := []Server{
		{Name: "local", Command: []string{"server", "-v"}, Env: map[string]string{"A": "b"}, Cwd: "/srv"},
		{Name: "plain", URL: "https://y/", Headers: map[string]string{}},
		{Name: "web", URL: "https://x/", SSE: true, TimeoutMS: 5, Headers: map[string]string{"A": "b", "X-Key": "k", "Authorization": "Bearer secret"}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for name, tt := range map[string]struct {
		server drivers.MCPServer
		want   string
	}{
		"no command": {drivers.MCPServer{Type: "local"}, "command is missing"},
		"no url":     {drivers.MCPServer{Type: "remote"}, "url is missing"},
		"not a url":  {drivers.MCPServer{Type: "remote", URL: "example.com/mcp"}, "such as https://"},
		"no host":    {drivers.MCPServer{Type: "remote", URL: "https:///mcp"}, "such as https://"},
		"no http":    {drivers.MCPServer{Type: "remote", URL: "file:///mcp"}, "such as https://"},
		"no type":    {drivers.MCPServer{}, "want local or remote"},
		"no header":  {drivers.MCPServer{Type: "remote", URL: "https://x/", EnvHeaders: map[string]string{"H": "NONE"}}, "NONE for the header H"},
		"no token":   {drivers.MCPServer{Type: "remote", URL: "https://x/", BearerTokenEnvVar: "NONE"}, "NONE for the token"},
	} {
		_, err := Enabled(map[string]drivers.MCPServer{"it": tt.server}, getenv)
		if universal.KindOf(err) != universal.KindInvalidRequest || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `mcp server "it"`) {
			t.Errorf("%s: %v, want one with %q", name, err, tt.want)
		}
	}
}

func TestCommandInCwd(t *testing.T) {
	s := Server{Name: "it", Command: []string{"server", "-v"}}
	if got, err := s.CommandInCwd(); err != nil || strings.Join(got, " ") != "server -v" {
		t.Errorf("the command is %q (%v)", got, err)
	}
	s.Cwd = "/srv"
	got, err := s.CommandInCwd()
	if runtime.GOOS == "windows" {
		if universal.KindOf(err) != universal.KindInvalidRequest {
			t.Errorf("the command is %q (%v)", got, err)
		}
		return
	}
	if want := []string{"/bin/sh", "-c", `cd "$0" && exec "$@"`, "/srv", "server", "-v"}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("the command is %q (%v), want %q", got, err, want)
	}
}
