package credentials

import "github.com/sandbox-agent/sandbox-agent/drivers"

// Handover is a credential that an agent has not, and can be given: for Claude
// Code one of another program, or of a variable that it doesn't read; for
// Codex, whose app-server reads no variables, a key of the environment or of
// OpenCode. OpenCode reads what there is by itself, and Amp takes no key but
// its own.
//
// An agent that has a login keeps it. Where [Own] doesn't know, ask the agent
// before giving it one: it may have a better one in a keychain.
func Handover(agent string, opts Options) (Credential, bool) {
	if own, _ := Own(agent, opts); own == drivers.LoginYes {
		return Credential{}, false
	}
	set := Find(opts)
	switch agent {
	case AgentClaude:
		return set.Get(Anthropic)
	case AgentCodex:
		// A token that a ChatGPT login gave somebody else is of no use to
		// Codex, which would have to renew it.
		c, ok := set.Get(OpenAI)
		return c, ok && c.Type == APIKey
	}
	return Credential{}, false
}

// Variables are the environment variables in which programs take a credential,
// the most common first. There are none for an OAuth token of another provider
// than Anthropic: no program takes one for a key.
func Variables(c Credential) []string {
	switch {
	case c.Provider == Anthropic && c.Type == APIKey:
		return []string{"ANTHROPIC_API_KEY", "CLAUDE_API_KEY"}
	case c.Provider == Anthropic && c.Origin == "ANTHROPIC_AUTH_TOKEN":
		return []string{c.Origin}
	case c.Provider == Anthropic:
		// Not in ANTHROPIC_AUTH_TOKEN too: Claude Code 2.1.330 prefers that,
		// and doesn't tell the service that the token comes from a login.
		return []string{"CLAUDE_CODE_OAUTH_TOKEN"}
	case c.Type == OAuth:
		return nil
	case c.Provider == OpenAI:
		return []string{"OPENAI_API_KEY", "CODEX_API_KEY"}
	}
	return []string{variableName(c.Provider) + "_API_KEY"}
}

// variableName makes a provider's name one that a variable can have.
func variableName(provider string) string {
	name := []byte(provider)
	for i, b := range name {
		switch {
		case 'a' <= b && b <= 'z':
			name[i] = b - 'a' + 'A'
		case 'A' <= b && b <= 'Z', '0' <= b && b <= '9' && i > 0:
		default:
			name[i] = '_'
		}
	}
	return string(name)
}
