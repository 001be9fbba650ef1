package opencode

import (
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
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
	native := map[string]mcpServer{}
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		server := servers[name]
		if !server.IsEnabled() {
			continue
		}
		n, err := nativeServer(&server, getenv)
		if err != nil {
			return nil, universal.InvalidRequest("mcp server %q: %v", name, err)
		}
		native[name] = n
	}
	return native, nil
}

func nativeServer(s *drivers.MCPServer, getenv func(string) string) (mcpServer, error) {
	switch s.Type {
	case "local":
		return localServer(s)
	case "remote":
		return remoteServer(s, getenv)
	}
	return mcpServer{}, fmt.Errorf("type is %q, want local or remote", s.Type)
}

func localServer(s *drivers.MCPServer) (mcpServer, error) {
	if len(s.Command) == 0 || s.Command[0] == "" {
		return mcpServer{}, fmt.Errorf("command is missing")
	}
	n := mcpServer{Type: "local", Command: s.Command, Enabled: true, Timeout: s.TimeoutMS}
	// See switches: servers may be packages that npm has to fetch.
	n.Environment = map[string]string{"npm_config_offline": "false"}
	maps.Copy(n.Environment, s.Env)
	if s.Cwd != "" {
		if runtime.GOOS == "windows" {
			return mcpServer{}, fmt.Errorf("cwd is not supported on this system; give the server an absolute path instead")
		}
		// OpenCode starts servers in the session's directory only.
		n.Command = append([]string{"/bin/sh", "-c", `cd "$0" && exec "$@"`, s.Cwd}, s.Command...)
	}
	return n, nil
}

func remoteServer(s *drivers.MCPServer, getenv func(string) string) (mcpServer, error) {
	if s.URL == "" {
		return mcpServer{}, fmt.Errorf("url is missing")
	}
	// It finds out by itself whether a server speaks SSE.
	n := mcpServer{Type: "remote", URL: s.URL, Headers: map[string]string{}, OAuth: new(bool), Enabled: true, Timeout: s.TimeoutMS}
	maps.Copy(n.Headers, s.Headers)
	for header, variable := range s.EnvHeaders {
		value := getenv(variable)
		if value == "" {
			return mcpServer{}, fmt.Errorf("the environment variable %s for the header %s is not set", variable, header)
		}
		n.Headers[header] = value
	}
	if variable := s.BearerTokenEnvVar; variable != "" {
		token := getenv(variable)
		if token == "" {
			return mcpServer{}, fmt.Errorf("the environment variable %s for the token is not set", variable)
		}
		n.Headers["Authorization"] = "Bearer " + strings.TrimSpace(token)
	}
	return n, nil
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
