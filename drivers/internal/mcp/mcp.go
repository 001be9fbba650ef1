// Package mcp reads the tool servers that a session is given: those that are
// enabled, complete, with the secrets that the configuration only names. A
// driver puts them into its agent's own words.
//
// It connects to none and starts none.
package mcp

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"runtime"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Server is a tool server: one to be started, which has a Command, or one to be
// reached, which has a URL. It shares no map with the configuration.
type Server struct {
	Name      string
	Command   []string // with its arguments
	Env       map[string]string
	Cwd       string
	URL       string
	SSE       bool              // the older of the two transports
	Headers   map[string]string // not nil where there is a URL
	TimeoutMS int64             // 0: the agent's own
}

// Enabled lists the servers that aren't switched off, by name. getenv reads the
// bridge's environment, from which headers and tokens can come. The error is a
// *universal.Error that names the server.
func Enabled(servers map[string]drivers.MCPServer, getenv func(string) string) ([]Server, error) {
	var enabled []Server
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		server := servers[name]
		if !server.IsEnabled() {
			continue
		}
		s, err := read(&server, getenv)
		if err != nil {
			return nil, universal.InvalidRequest("mcp server %q: %v", name, err)
		}
		s.Name = name
		enabled = append(enabled, s)
	}
	return enabled, nil
}

func read(server *drivers.MCPServer, getenv func(string) string) (Server, error) {
	switch server.Type {
	case "local":
		if len(server.Command) == 0 || server.Command[0] == "" {
			return Server{}, errors.New("command is missing")
		}
		return Server{
			Command: server.Command, Env: maps.Clone(server.Env), Cwd: server.Cwd, TimeoutMS: server.TimeoutMS,
		}, nil
	case "remote":
		if server.URL == "" {
			return Server{}, errors.New("url is missing")
		}
		if u, err := url.Parse(server.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			// Not shown: there may be a key in it.
			return Server{}, errors.New("url is no URL of a server; give one such as https://example.com/mcp")
		}
		headers, err := readHeaders(server, getenv)
		return Server{URL: server.URL, SSE: server.Transport == "sse", Headers: headers, TimeoutMS: server.TimeoutMS}, err
	}
	return Server{}, fmt.Errorf("type is %q, want local or remote", server.Type)
}

func readHeaders(server *drivers.MCPServer, getenv func(string) string) (map[string]string, error) {
	headers := map[string]string{}
	maps.Copy(headers, server.Headers)
	for header, variable := range server.EnvHeaders {
		value := getenv(variable)
		if value == "" {
			return nil, fmt.Errorf("the environment variable %s for the header %s is not set", variable, header)
		}
		headers[header] = value
	}
	if variable := server.BearerTokenEnvVar; variable != "" {
		token := getenv(variable)
		if token == "" {
			return nil, fmt.Errorf("the environment variable %s for the token is not set", variable)
		}
		headers["Authorization"] = "Bearer " + strings.TrimSpace(token)
	}
	return headers, nil
}

// CommandInCwd is the command for agents that start servers in their own
// directory only: a shell goes to the server's first. The error is a
// *universal.Error: not every system has that shell.
func (s *Server) CommandInCwd() ([]string, error) {
	if s.Cwd == "" {
		return s.Command, nil
	}
	if runtime.GOOS == "windows" {
		return nil, universal.InvalidRequest("mcp server %q: cwd is not supported on this system; give the server an absolute path instead", s.Name)
	}
	return append([]string{"/bin/sh", "-c", `cd "$0" && exec "$@"`, s.Cwd}, s.Command...), nil
}
