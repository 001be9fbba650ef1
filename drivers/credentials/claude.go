package credentials

import (
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

// claudePlaces are the directories of Claude Code: of its settings, and of the
// file beside them.
func (f *finder) claudePlaces() (config, global string) {
	if dir := f.moved("CLAUDE_CONFIG_DIR"); dir != "" {
		return dir, dir
	}
	return path(f.home(), ".claude"), f.home()
}

// claude takes what Claude Code has stored: keys first, then a login. The
// names of files other than .claude.json and .credentials.json are of older
// versions, or of programs around it.
func (f *finder) claude() {
	config, global := f.claudePlaces()
	for _, name := range []string{".claude.json.api", ".claude.json"} {
		file := path(global, name)
		o := f.read(file)
		for _, field := range []string{"primaryApiKey", "apiKey", "anthropicApiKey", "customApiKey"} {
			// These fields hold other things too.
			if key := o.text(field); strings.HasPrefix(key, "sk-ant-") {
				f.take(Credential{Provider: Anthropic, Source: FromClaude, Origin: file, Type: APIKey, Secret: NewSecret(key)})
			}
		}
	}
	for _, file := range []string{path(config, ".credentials.json"), path(global, ".claude-oauth-credentials.json")} {
		login := f.read(file).object("claudeAiOauth")
		f.take(Credential{
			Provider: Anthropic, Source: FromClaude, Origin: file,
			Type: OAuth, Secret: login.secret("accessToken"), Expires: f.expires(file, login, "expiresAt"),
		})
	}
}

// claudeVariables log Claude Code in, in the order in which it looks at them.
func claudeVariables() []string {
	return []string{
		"ANTHROPIC_API_KEY",
		"ANTHROPIC_AUTH_TOKEN",
		"CLAUDE_CODE_OAUTH_TOKEN",
		"CLAUDE_CODE_USE_BEDROCK",
		"CLAUDE_CODE_USE_VERTEX",
		"CLAUDE_CODE_USE_FOUNDRY",
	}
}

const claudeHint = "run claude and /login, or set ANTHROPIC_API_KEY"

// claudeOwn looks for what Claude Code itself takes as a login: an expired one
// too, since it renews it. It may have another in a keychain, or a command
// that prints a key.
func (f *finder) claudeOwn() (drivers.Login, string) {
	if detail := f.firstVariable(claudeVariables()); detail != "" {
		return drivers.LoginYes, detail
	}
	config, global := f.claudePlaces()
	if file := path(config, ".credentials.json"); f.read(file).text("claudeAiOauth", "accessToken") != "" {
		return drivers.LoginYes, "file " + file
	}
	if file := path(global, ".claude.json"); f.read(file).text("primaryApiKey") != "" {
		return drivers.LoginYes, "file " + file
	}
	return drivers.LoginUnknown, claudeHint
}
