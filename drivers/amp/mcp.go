package amp

import (
	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/mcp"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// mcpServer is a tool server as the CLI takes it: started by it, or reached by
// URL, where the CLI finds out itself which of the two transports it speaks.
type mcpServer struct {
	Command string            `json:"command,omitempty"`
	Args    []string          `json:"args,omitzero"`
	Env     map[string]string `json:"env,omitempty"`
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
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
		if s.Name == askerServer {
			return nil, universal.InvalidRequest("mcp server %q: the name is taken by the bridge; choose another", s.Name)
		}
		if s.URL != "" {
			native[s.Name] = mcpServer{URL: s.URL, Headers: s.Headers}
			continue
		}
		command, err := s.CommandInCwd()
		if err != nil {
			return nil, err
		}
		native[s.Name] = mcpServer{Command: command[0], Args: command[1:], Env: s.Env}
	}
	return native, nil
}
