package codex

import (
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/mcp"
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
	enabled, err := mcp.Enabled(servers, getenv)
	if err != nil {
		return nil, err
	}
	native := map[string]*mcpServer{}
	for _, s := range enabled {
		if s.Name == "" || strings.Trim(strings.ToLower(s.Name), "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			return nil, universal.InvalidRequest("mcp server %q: this agent takes names of letters, digits, _ and -", s.Name)
		}
		if s.SSE {
			return nil, universal.InvalidRequest("mcp server %q: this agent reaches servers over streamable HTTP only, not over sse", s.Name)
		}
		n := &mcpServer{URL: s.URL, Headers: s.Headers, Env: s.Env, Cwd: s.Cwd}
		n.StartTimeout = float64(s.TimeoutMS) / 1000
		n.ToolTimeout = n.StartTimeout
		if s.URL == "" {
			n.Command, n.Args = s.Command[0], s.Command[1:]
		}
		native[s.Name] = n
	}
	return native, nil
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
