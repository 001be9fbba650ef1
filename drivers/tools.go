package drivers

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// MCPServer is a tool server that a session gets: started by the agent
// (Command) or reached over HTTP (URL).
type MCPServer struct {
	Type      string            `json:"type" jsonschema:"enum=local,enum=remote"`
	Command   []string          `json:"command,omitempty"`
	Env       map[string]string `json:"env,omitempty"`
	Cwd       string            `json:"cwd,omitempty"`
	URL       string            `json:"url,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
	Transport string            `json:"transport,omitempty" jsonschema:"enum=http,enum=sse"`
	// BearerTokenEnvVar and EnvHeaders name environment variables of the
	// bridge whose values are sent as the token and as headers.
	BearerTokenEnvVar string            `json:"bearerTokenEnvVar,omitempty"`
	EnvHeaders        map[string]string `json:"envHeaders,omitempty"`
	Enabled           *bool             `json:"enabled,omitempty"` // unless it is false
	TimeoutMS         int64             `json:"timeoutMs,omitempty"`
}

// UnmarshalJSON takes the spellings that clients of the v0.1 API use.
func (s *MCPServer) UnmarshalJSON(b []byte) error {
	type plain MCPServer
	wire := struct {
		*plain
		Command     json.RawMessage   `json:"command"`
		Args        []string          `json:"args"`
		Environment map[string]string `json:"environment"`
		Timeout     int64             `json:"timeout"`
		EnvHTTP     map[string]string `json:"envHttpHeaders"`
		EnvHTTPOld  map[string]string `json:"env_http_headers"`
	}{plain: (*plain)(s)}
	if err := json.Unmarshal(b, &wire); err != nil {
		return err
	}
	if len(wire.Command) > 0 {
		var one string
		if json.Unmarshal(wire.Command, &one) == nil {
			s.Command = []string{one}
		} else if err := json.Unmarshal(wire.Command, &s.Command); err != nil {
			return fmt.Errorf("mcp server: command is neither a string nor a list of strings")
		}
	}
	s.Command = append(s.Command, wire.Args...)
	for _, alias := range []struct{ to, from *map[string]string }{
		{&s.Env, &wire.Environment}, {&s.EnvHeaders, &wire.EnvHTTP}, {&s.EnvHeaders, &wire.EnvHTTPOld},
	} {
		if *alias.to == nil {
			*alias.to = *alias.from
		}
	}
	if s.TimeoutMS == 0 {
		s.TimeoutMS = wire.Timeout
	}
	switch s.Type {
	case "local", "stdio":
		s.Type = "local"
		if len(s.Command) == 0 || s.Command[0] == "" {
			return fmt.Errorf("mcp server of type local: command is missing")
		}
	case "remote", "http":
		s.Type = "remote"
		if s.URL == "" {
			return fmt.Errorf("mcp server of type remote: url is missing")
		}
	default:
		return fmt.Errorf("mcp server: type is %q, want local or remote", s.Type)
	}
	if s.Transport != "" && s.Transport != "http" && s.Transport != "sse" {
		return fmt.Errorf("mcp server: transport is %q, want http or sse", s.Transport)
	}
	return nil
}

// Masked is the server as it may be shown again: without its secrets.
func (s MCPServer) Masked() MCPServer {
	s.Env, s.Headers, s.URL = maskValues(s.Env), maskValues(s.Headers), maskLogin(s.URL)
	return s
}

// IsEnabled tells whether the session gets the server at all.
func (s MCPServer) IsEnabled() bool { return s.Enabled == nil || *s.Enabled }

const mask = "********"

func maskValues(m map[string]string) map[string]string {
	if m == nil {
		return nil
	}
	masked := make(map[string]string, len(m))
	for name := range m {
		masked[name] = mask
	}
	return masked
}

// maskLogin hides the login that may be in an address.
func maskLogin(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return mask
	case u.User == nil:
		return address
	}
	u.User = nil
	return strings.Replace(u.String(), "//", "//"+mask+"@", 1)
}

// SkillSource is a place that has skills: folders with a SKILL.md.
type SkillSource struct {
	Type    string   `json:"type"`   // "local"
	Source  string   `json:"source"` // a directory
	Skills  []string `json:"skills,omitempty"`
	Subpath string   `json:"subpath,omitempty"`
}
