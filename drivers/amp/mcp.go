package amp

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
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
	translated := map[string]mcpServer{}
	for _, name := range sortedKeys(servers) {
		server := servers[name]
		if !server.IsEnabled() {
			continue
		}
		if name == askerServer {
			return nil, universal.InvalidRequest("mcp server %q: the name is taken by the bridge; choose another", name)
		}
		n, err := nativeServer(&server, getenv)
		if err != nil {
			return nil, universal.InvalidRequest("mcp server %q: %v", name, err)
		}
		translated[name] = n
	}
	return translated, nil
}

func nativeServer(s *drivers.MCPServer, getenv func(string) string) (mcpServer, error) {
	switch s.Type {
	case "local":
		if len(s.Command) == 0 || s.Command[0] == "" {
			return mcpServer{}, fmt.Errorf("command is missing")
		}
		n := mcpServer{Command: s.Command[0], Args: append([]string{}, s.Command[1:]...), Env: s.Env}
		if s.Cwd != "" {
			if runtime.GOOS == "windows" {
				return mcpServer{}, fmt.Errorf("cwd is not supported on this system; give the server an absolute path instead")
			}
			// The CLI starts servers in its own directory only.
			n.Command = "/bin/sh"
			n.Args = append([]string{"-c", `cd "$0" && exec "$@"`, s.Cwd}, s.Command...)
		}
		return n, nil
	case "remote":
		if s.URL == "" {
			return mcpServer{}, fmt.Errorf("url is missing")
		}
		n := mcpServer{URL: s.URL, Headers: map[string]string{}}
		for name, value := range s.Headers {
			n.Headers[name] = value
		}
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
	return mcpServer{}, fmt.Errorf("type is %q, want local or remote", s.Type)
}
