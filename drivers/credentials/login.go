package credentials

import "github.com/sandbox-agent/sandbox-agent/drivers"

// Ids of the agents that this package knows.
const (
	AgentClaude   = "claude"
	AgentCodex    = "codex"
	AgentOpenCode = "opencode"
	AgentAmp      = "amp"
)

// Login tells whether an agent has a login, and in words where it comes from
// or how to get one: one of its own, or one that the bridge hands it
// ([Handover]). It is unknown where the agent may have one that neither files
// nor environment show.
func Login(agent string, opts Options) (drivers.Login, string) {
	own, detail := Own(agent, opts)
	if own == drivers.LoginYes {
		return own, detail
	}
	if c, ok := Handover(agent, opts); ok {
		return drivers.LoginYes, c.Where()
	}
	return own, detail
}

// Own is the same without what the bridge hands over.
func Own(agent string, opts Options) (drivers.Login, string) {
	f := newFinder(opts)
	switch agent {
	case AgentClaude:
		return f.claudeOwn()
	case AgentCodex:
		return f.codexOwn()
	case AgentOpenCode:
		return f.opencodeOwn()
	case AgentAmp:
		return f.ampOwn()
	}
	return drivers.LoginUnknown, ""
}

// firstVariable tells of the first variable that is set, or returns "".
func (f *finder) firstVariable(names []string) string {
	for _, name := range names {
		if f.Getenv(name) != "" {
			return "environment variable " + name
		}
	}
	return ""
}

// Where says in words where the credential was found.
func (c *Credential) Where() string {
	if c.Source == FromEnvironment {
		return "environment variable " + c.Origin
	}
	return "file " + c.Origin
}
