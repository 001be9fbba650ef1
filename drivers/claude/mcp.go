package claude

import (
	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/mcp"
)

// mcpServer is a tool server as the CLI takes it over the control protocol.
// That way its secrets are neither in the arguments nor in a file.
type mcpServer struct {
	Type    string            `json:"type"` // "stdio", "http" or "sse"
	Command string            `json:"command,omitempty"`
	Args    []string          `json:"args,omitzero"` // not nil: the CLI fails on a stdio server without it
	Env     map[string]string `json:"env,omitempty"`
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Timeout int64             `json:"timeout,omitempty"` // ms
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
			n := mcpServer{Type: "http", URL: s.URL, Headers: s.Headers, Timeout: s.TimeoutMS}
			if s.SSE {
				n.Type = "sse"
			}
			native[s.Name] = n
			continue
		}
		command, err := s.CommandInCwd()
		if err != nil {
			return nil, err
		}
		native[s.Name] = mcpServer{Type: "stdio", Command: command[0], Args: command[1:], Env: s.Env, Timeout: s.TimeoutMS}
	}
	return native, nil
}
