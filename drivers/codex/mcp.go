package codex

import (
	"fmt"
	"maps"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// mcpServer is a tool server in the words of Codex's configuration, of which a
// thread can have its own.
type mcpServer struct {
	Command string            `json:"command,omitempty"`
	Args    []string          `json:"args,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
	Cwd     string            `json:"cwd,omitempty"`
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"http_headers,omitempty"`
	// Timeouts in seconds: of the start, and of a call.
	StartTimeout float64 `json:"startup_timeout_sec,omitempty"`
	ToolTimeout  float64 `json:"tool_timeout_sec,omitempty"`
}

// mcpServers translates the enabled servers of a session. getenv reads the
// bridge's environment, from which a remote server's secrets can come.
func mcpServers(servers map[string]drivers.MCPServer, getenv func(string) string) (map[string]*mcpServer, error) {
	native := map[string]*mcpServer{}
	for _, name := range sortedKeys(servers) {
		server := servers[name]
		if !server.IsEnabled() {
			continue
		}
		if name == "" || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			return nil, universal.InvalidRequest("mcp server %q: this agent takes names of letters, digits, _ and -", name)
		}
		n, err := nativeServer(&server, getenv)
		if err != nil {
			return nil, universal.InvalidRequest("mcp server %q: %v", name, err)
		}
		native[name] = n
	}
	return native, nil
}

func nativeServer(s *drivers.MCPServer, getenv func(string) string) (*mcpServer, error) {
	seconds := float64(s.TimeoutMS) / 1000
	switch s.Type {
	case "local":
		if len(s.Command) == 0 || s.Command[0] == "" {
			return nil, fmt.Errorf("command is missing")
		}
		return &mcpServer{Command: s.Command[0], Args: s.Command[1:], Env: maps.Clone(s.Env), Cwd: s.Cwd, StartTimeout: seconds, ToolTimeout: seconds}, nil
	case "remote":
		if s.URL == "" {
			return nil, fmt.Errorf("url is missing")
		}
		if s.Transport == "sse" {
			return nil, fmt.Errorf("this agent reaches servers over streamable HTTP only, not over sse")
		}
		n := &mcpServer{URL: s.URL, Headers: maps.Clone(s.Headers), StartTimeout: seconds, ToolTimeout: seconds}
		if n.Headers == nil {
			n.Headers = map[string]string{}
		}
		for header, variable := range s.EnvHeaders {
			value := getenv(variable)
			if value == "" {
				return nil, fmt.Errorf("the environment variable %s for the header %s is not set", variable, header)
			}
			n.Headers[header] = value
		}
		if variable := s.BearerTokenEnvVar; variable != "" {
			token := getenv(variable)
			if token == "" {
				return nil, fmt.Errorf("the environment variable %s for the token is not set", variable)
			}
			n.Headers["Authorization"] = "Bearer " + strings.TrimSpace(token)
		}
		return n, nil
	}
	return nil, fmt.Errorf("type is %q, want local or remote", s.Type)
}

// markServers marks the session's own tool servers, so that those that are left
// can be found when it ends.
func markServers(servers map[string]*mcpServer, mark string) {
	name, value, _ := strings.Cut(mark, "=")
	for _, server := range servers {
		if server.Command == "" {
			continue
		}
		if server.Env == nil {
			server.Env = map[string]string{}
		}
		server.Env[name] = value
	}
}
