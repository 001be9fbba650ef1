package credentials

import (
	"maps"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

// opencodeContent is a variable whose value takes the place of OpenCode's file.
const opencodeContent = "OPENCODE_AUTH_CONTENT"

// opencodeEntries are the logins that OpenCode has stored, by provider.
func (f *finder) opencodeEntries() (origin string, entries object) {
	if text := f.moved(opencodeContent); text != "" {
		o, err := parse([]byte(text))
		if err != nil {
			f.problem(opencodeContent, errBroken.Error())
		}
		return opencodeContent, o
	}
	file := path(f.dataHome(), "opencode", "auth.json")
	return file, f.read(file)
}

// opencode takes what OpenCode has stored. Entries of other types than these
// are for services that are no providers of models.
func (f *finder) opencode() {
	origin, entries := f.opencodeEntries()
	for _, provider := range slices.Sorted(maps.Keys(entries)) {
		if provider == "" || !printable(provider) {
			f.problem(origin, "a provider has a name that none has; remove it, or log in again")
			continue
		}
		c := Credential{Provider: provider, Source: FromOpenCode, Origin: origin}
		entry := entries.object(provider)
		switch entry.text("type") {
		case "api":
			c.Type, c.Secret = APIKey, entry.secret("key")
		case "oauth":
			c.Type, c.Secret, c.Expires = OAuth, entry.secret("access"), f.expires(origin, entry, "expires")
		}
		f.take(c)
	}
}

// opencodeVariables are those of the best known providers; OpenCode knows those
// of many more.
func opencodeVariables() []string {
	return []string{
		"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENCODE_API_KEY", "OPENROUTER_API_KEY",
		"GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY", "GROQ_API_KEY", "MISTRAL_API_KEY",
		"XAI_API_KEY", "DEEPSEEK_API_KEY", "AZURE_API_KEY", "AI_GATEWAY_API_KEY",
	}
}

const opencodeHint = "run opencode auth login, or set your provider's variable, such as ANTHROPIC_API_KEY"

// opencodeOwn looks for what OpenCode itself takes as a login. It may have
// another provider in its configuration, and has models that need none.
func (f *finder) opencodeOwn() (drivers.Login, string) {
	if detail := f.firstVariable(opencodeVariables()); detail != "" {
		return drivers.LoginYes, detail
	}
	if origin, entries := f.opencodeEntries(); len(entries) > 0 {
		if origin == opencodeContent {
			return drivers.LoginYes, "environment variable " + origin
		}
		return drivers.LoginYes, "file " + origin
	}
	return drivers.LoginUnknown, opencodeHint
}
