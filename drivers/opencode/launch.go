package opencode

import (
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/skills"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/drivers/scratch"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const (
	serveCommand     = "serve"
	passwordVariable = "OPENCODE_SERVER_PASSWORD"
	contentVariable  = "OPENCODE_CONFIG_CONTENT"
	// librariesVariable says where the runtime that OpenCode is built with
	// unpacks the libraries that it carries, some megabytes at each start. It
	// never removes them.
	librariesVariable = "BUN_TMPDIR"
	// sessionVariable marks what a session's commands start. Its value is the
	// native id of the session, or of the sub-agent, that ran the command.
	sessionVariable = "SANDBOX_AGENT_OPENCODE_SESSION"
)

//go:embed plugin.js
var plugin []byte

// scratchPrefix names the private temporary directories of this package.
const scratchPrefix = "sandbox-agent-opencode-"

// Names in the private directory of a server.
const (
	pluginFile     = "plugin.js"
	skillsDir      = "skills"
	attachmentsDir = "attachments"
	librariesDir   = "libraries"
	emptyDir       = "empty" // where the server itself works
)

// launch is all that makes a server what it is. Two that are equal are one.
type launch struct {
	Path   string
	Env    []string // without what differs from start to start
	MCP    map[string]mcpServer
	Skills map[string]string // directories by name
	Hosted bool              // hosted models may be used without a login
}

// key tells launches apart without showing what is in them.
func (l *launch) key() (string, error) {
	text, err := json.Marshal(l)
	if err != nil {
		return "", fmt.Errorf("start opencode: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// hostedPrefix is what the hosted models' ids begin with.
const hostedPrefix = "opencode/"

// planLaunch says which server a session needs.
func (d *Driver) planLaunch(cfg *drivers.Config) (*launch, error) {
	path, err := d.opts.Locate()
	if err != nil {
		return nil, err
	}
	found, err := skills.Find(agentID, cfg.Skills)
	if err != nil {
		return nil, err
	}
	servers, err := mcpServers(cfg.MCP, d.opts.Getenv)
	if err != nil {
		return nil, err
	}
	env := environment(d.opts.Environ(), cfg.Env)
	if _, err := userContent(env); err != nil {
		return nil, err
	}
	return &launch{
		Path: path, Env: env, MCP: servers, Skills: found,
		Hosted: strings.HasPrefix(cfg.Model, hostedPrefix) || d.hasHostedLogin(env),
	}, nil
}

// switches are the variables that a server gets unless the bridge's own
// environment or the session's says otherwise.
func switches() []string {
	return []string{
		"OPENCODE_DISABLE_AUTOUPDATE=1",
		"OPENCODE_DISABLE_SHARE=1",
		"OPENCODE_DISABLE_LSP_DOWNLOAD=1",
		// Keeps it from installing a package into the user's directories. The
		// plugin takes it away again from commands and tool servers.
		"npm_config_offline=true",
	}
}

// toolServerVariables is what tool servers find instead of what the server was
// started with: they inherit its environment, and a variable can't be taken
// away from them. They may be packages that npm has to fetch.
func toolServerVariables() map[string]string {
	return map[string]string{"npm_config_offline": "false", passwordVariable: ""}
}

// nestedMarks are variables by which an OpenCode tells its children that they
// run inside it, or that are for one server only.
func nestedMarks() []string {
	return []string{"OPENCODE", "OPENCODE_PID", "OPENCODE_CLIENT", passwordVariable, "OPENCODE_SERVER_USERNAME", sessionVariable}
}

// environment is that of a server: the bridge's, with our switches, and over
// all of it the sessions' own.
func environment(base []string, own map[string]string) []string {
	return environ.Merge(base, nestedMarks(), switches(), own)
}

// userContent is the configuration that the environment holds already.
func userContent(env []string) (map[string]json.RawMessage, error) {
	content := map[string]json.RawMessage{}
	if text := environ.Get(env, contentVariable); text != "" {
		if err := json.Unmarshal([]byte(text), &content); err != nil {
			return nil, universal.InvalidRequest("the environment variable %s is no JSON object: %v", contentVariable, err)
		}
	}
	return content, nil
}

// askRules make OpenCode ask before whatever is not harmless; of equal
// permissions the later rule wins. inside is a directory that needs no asking.
func askRules(inside string) orderedRules {
	return orderedRules{
		{"*", "ask"}, // tools of MCP servers too
		{"read", orderedRules{{"*", "allow"}, {"*.env", "ask"}, {"*.env.*", "ask"}, {"*.env.example", "allow"}}},
		{"glob", "allow"}, {"grep", "allow"}, {"list", "allow"}, {"lsp", "allow"},
		{"todowrite", "allow"}, {"todoread", "allow"}, {"skill", "allow"}, {"task", "allow"},
		{"question", "allow"}, {"plan_enter", "deny"}, {"plan_exit", "deny"},
		{"external_directory", orderedRules{{"*", "ask"}, {filepath.ToSlash(inside) + "/*", "allow"}}},
	}
}

// agentRules are those of OpenCode's own agents that the rules above would
// undo.
func agentRules() map[string]orderedRules {
	return map[string]orderedRules{
		drivers.ModePlan: {{"edit", orderedRules{{"*", "deny"}, {".opencode/plans/*.md", "allow"}}}, {"task", orderedRules{{"general", "deny"}}}},
		"general":        {{"todowrite", "deny"}},
		"explore": {
			{"*", "deny"},
			{"read", "allow"}, {"glob", "allow"}, {"grep", "allow"}, {"list", "allow"},
			{"bash", "ask"}, {"webfetch", "ask"}, {"websearch", "ask"},
		},
	}
}

// orderedRules is an object whose members have an order.
type orderedRules []struct {
	name string
	rule any // an action, or orderedRules
}

// MarshalJSON writes the members in their order.
func (r orderedRules) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, m := range r {
		if i > 0 {
			out = append(out, ',')
		}
		rule, err := json.Marshal(m.rule)
		if err != nil {
			return nil, err
		}
		out = universal.AppendString(out, m.name)
		out = append(append(out, ':'), rule...)
	}
	return append(out, '}'), nil
}

// pluginOptions is what the plugin is told.
type pluginOptions struct {
	Permission orderedRules            `json:"permission"`
	Agents     map[string]orderedRules `json:"agents"`
	Hosted     bool                    `json:"hosted"`
	Skills     string                  `json:"skills,omitempty"`
	Variable   string                  `json:"variable"`
	Libraries  string                  `json:"libraries"`
	// ToolServers is what their environment has beside the server's own.
	ToolServers map[string]string `json:"toolServers"`
}

// spec prepares the start of a server: its private directory, and how it is
// run.
func (l *launch) spec() (process.Spec, scratch.Dir, error) {
	private, err := scratch.New("", scratchPrefix)
	if err != nil {
		return process.Spec{}, scratch.Dir{}, fmt.Errorf("start opencode: %w", err)
	}
	spec, err := l.specIn(private.Path())
	if err != nil {
		_ = private.Remove()
		return process.Spec{}, scratch.Dir{}, fmt.Errorf("start opencode: %w", err)
	}
	return spec, private, nil
}

func (l *launch) specIn(private string) (process.Spec, error) {
	// Paths of permission rules have to be those that OpenCode finds.
	inside, err := filepath.EvalSymlinks(private)
	if err != nil {
		return process.Spec{}, err
	}
	options := pluginOptions{
		Permission: askRules(inside), Agents: agentRules(), Hosted: l.Hosted, Variable: sessionVariable,
		Libraries: filepath.Join(inside, librariesDir), ToolServers: toolServerVariables(),
	}
	for _, dir := range []string{emptyDir, librariesDir} {
		if err := os.Mkdir(filepath.Join(private, dir), 0o700); err != nil {
			return process.Spec{}, err
		}
	}
	if err := os.WriteFile(filepath.Join(private, pluginFile), plugin, 0o600); err != nil {
		return process.Spec{}, err
	}
	if len(l.Skills) > 0 {
		options.Skills = filepath.Join(inside, skillsDir)
		if err := skills.Gather(options.Skills, l.Skills); err != nil {
			return process.Spec{}, err
		}
	}
	content, err := l.content(filepath.Join(inside, pluginFile), &options)
	if err != nil {
		return process.Spec{}, err
	}
	env := environ.Without(l.Env, contentVariable)
	if environ.Get(env, librariesVariable) == "" {
		env = append(env, librariesVariable+"="+options.Libraries)
	}
	return process.Spec{
		Path: l.Path,
		Args: []string{serveCommand, "--hostname", "127.0.0.1", "--port", "0"},
		Dir:  filepath.Join(private, emptyDir),
		Env:  append(env, contentVariable+"="+string(content), passwordVariable+"="+rand.Text()),
		// It takes no notice of the end of its input.
		Graces: process.Graces{Goodbye: time.Second, Input: -1},
	}, nil
}

// content is the configuration that is handed over: what the environment holds
// already, and ours over it. The rules are in it too, for an OpenCode that was
// told to load no plugins.
func (l *launch) content(plugin string, options *pluginOptions) ([]byte, error) {
	content, err := userContent(l.Env)
	if err != nil {
		return nil, err
	}
	var plugins []any
	if raw := content["plugin"]; raw != nil {
		if err := json.Unmarshal(raw, &plugins); err != nil {
			return nil, fmt.Errorf("%s: plugin: %w", contentVariable, err)
		}
	}
	set := func(name string, value any) {
		if err == nil {
			content[name], err = json.Marshal(value)
		}
	}
	set("share", "disabled")
	set("permission", options.Permission)
	set("plugin", append(plugins, []any{fileURL(plugin), options}))
	if err != nil {
		return nil, err
	}
	return json.Marshal(content)
}

// fileURL is the URL of a file.
func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter comes first
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}
