package opencode

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/mcp"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// mcpServer is a tool server as OpenCode takes it over its API. That way its
// secrets are in no file and no environment.
type mcpServer struct {
	Type        string            `json:"type"` // "local" or "remote"
	Command     []string          `json:"command,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`
	URL         string            `json:"url,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	OAuth       *bool             `json:"oauth,omitempty"` // false: no login in a browser
	Enabled     bool              `json:"enabled"`
	Timeout     int64             `json:"timeout,omitempty"` // ms
}

// mcpServers translates the enabled servers of a session. getenv reads the
// bridge's environment, from which a remote server's secrets can come.
func mcpServers(servers map[string]drivers.MCPServer, getenv func(string) string) (map[string]mcpServer, error) {
	enabled, err := mcp.Enabled(servers, getenv)
	if err != nil {
		return nil, err
	}
	native := map[string]mcpServer{}
	for _, s := range enabled {
		if s.URL != "" {
			// It finds out by itself whether a server speaks SSE.
			native[s.Name] = mcpServer{Type: "remote", URL: s.URL, Headers: s.Headers, OAuth: new(bool), Enabled: true, Timeout: s.TimeoutMS}
			continue
		}
		command, err := s.CommandInCwd()
		if err != nil {
			return nil, err
		}
		env := toolServerVariables()
		maps.Copy(env, s.Env)
		native[s.Name] = mcpServer{Type: "local", Command: command, Environment: env, Enabled: true, Timeout: s.TimeoutMS}
	}
	return native, nil
}

// mcpStatus is what OpenCode says of a tool server.
type mcpStatus struct {
	Status string `json:"status"` // "connected", "failed", "needs_auth", ...
	Error  string `json:"error"`
}

// notInNames are the signs that OpenCode replaces in the names of tools.
var notInNames = regexp.MustCompile(`[^a-zA-Z0-9_-]`)

// mcpPrefixes are what the names of tools of these servers begin with, the
// longest first.
func mcpPrefixes(servers []string) []string {
	prefixes := make([]string, len(servers))
	for i, name := range servers {
		prefixes[i] = notInNames.ReplaceAllString(name, "_") + "_"
	}
	slices.SortFunc(prefixes, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return prefixes
}

// mcpError tells of a server that could not be started; the session goes on
// without it.
func mcpError(name string, s mcpStatus) *universal.ErrorData {
	why := s.Error
	if why == "" {
		why = s.Status
	}
	return &universal.ErrorData{
		Message:  fmt.Sprintf("mcp server %s could not be started: %s", name, why),
		Code:     "mcp_server_failed",
		Category: universal.CategoryInternal,
		Details:  map[string]string{"server": name},
	}
}
