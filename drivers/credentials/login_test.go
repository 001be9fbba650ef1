package credentials

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

func TestLogin(t *testing.T) {
	opencode := map[string]string{".local/share/opencode/auth.json": `{"anthropic":{"type":"api","key":"a"},"openai":{"type":"api","key":"o"}}`}
	tests := []struct {
		name  string
		agent string
		env   map[string]string
		files map[string]string
		own   drivers.Login
		login drivers.Login // with what is handed over
		given string        // what is, revealed
	}{
		{name: "claude: nothing", agent: AgentClaude, own: drivers.LoginUnknown, login: drivers.LoginUnknown},
		{name: "claude: key", agent: AgentClaude, env: map[string]string{"ANTHROPIC_API_KEY": "x"}, own: drivers.LoginYes, login: drivers.LoginYes},
		{name: "claude: cloud", agent: AgentClaude, env: map[string]string{"CLAUDE_CODE_USE_BEDROCK": "1"}, files: opencode, own: drivers.LoginYes, login: drivers.LoginYes},
		{
			name: "claude: a login that has expired is renewed", agent: AgentClaude, own: drivers.LoginYes, login: drivers.LoginYes,
			files: map[string]string{
				".claude/.credentials.json":       `{"claudeAiOauth":{"accessToken":"x","expiresAt":1}}`,
				".local/share/opencode/auth.json": opencode[".local/share/opencode/auth.json"],
			},
		},
		{name: "claude: managed key", agent: AgentClaude, files: map[string]string{".claude.json": `{"primaryApiKey":"x"}`}, own: drivers.LoginYes, login: drivers.LoginYes},
		{name: "claude: empty file", agent: AgentClaude, files: map[string]string{".claude.json": `{}`}, own: drivers.LoginUnknown, login: drivers.LoginUnknown},
		{name: "claude: broken file", agent: AgentClaude, files: map[string]string{".claude/.credentials.json": `{`}, own: drivers.LoginUnknown, login: drivers.LoginUnknown},
		{name: "claude: opencode's key", agent: AgentClaude, files: opencode, own: drivers.LoginUnknown, login: drivers.LoginYes, given: "a"},

		{name: "codex: nothing", agent: AgentCodex, own: drivers.LoginNo, login: drivers.LoginNo},
		{name: "codex: key", agent: AgentCodex, files: map[string]string{".codex/auth.json": `{"OPENAI_API_KEY":"x"}`}, own: drivers.LoginYes, login: drivers.LoginYes},
		{name: "codex: login", agent: AgentCodex, env: map[string]string{"OPENAI_API_KEY": "k"}, files: map[string]string{".codex/auth.json": `{"tokens":{"access_token":"x"}}`}, own: drivers.LoginYes, login: drivers.LoginYes},
		{name: "codex: the app-server reads no variable", agent: AgentCodex, env: map[string]string{"OPENAI_API_KEY": "k"}, own: drivers.LoginNo, login: drivers.LoginYes, given: "k"},
		{name: "codex: opencode's key", agent: AgentCodex, files: opencode, own: drivers.LoginNo, login: drivers.LoginYes, given: "o"},
		{
			name: "codex: opencode's login is no key", agent: AgentCodex, own: drivers.LoginNo, login: drivers.LoginNo,
			files: map[string]string{".local/share/opencode/auth.json": `{"openai":{"type":"oauth","access":"t"}}`},
		},
		{name: "codex: keychain", agent: AgentCodex, files: map[string]string{".codex/config.toml": `cli_auth_credentials_store = "keyring"`}, own: drivers.LoginUnknown, login: drivers.LoginUnknown},
		{name: "codex: another provider", agent: AgentCodex, files: map[string]string{".codex/config.toml": `model_provider = "local"`}, own: drivers.LoginUnknown, login: drivers.LoginUnknown},

		{name: "opencode: nothing", agent: AgentOpenCode, own: drivers.LoginUnknown, login: drivers.LoginUnknown},
		{name: "opencode: file", agent: AgentOpenCode, files: opencode, own: drivers.LoginYes, login: drivers.LoginYes},
		{name: "opencode: empty file", agent: AgentOpenCode, files: map[string]string{".local/share/opencode/auth.json": "{}"}, own: drivers.LoginUnknown, login: drivers.LoginUnknown},
		{name: "opencode: variable", agent: AgentOpenCode, env: map[string]string{"OPENROUTER_API_KEY": "x"}, own: drivers.LoginYes, login: drivers.LoginYes},
		{name: "opencode: content", agent: AgentOpenCode, env: map[string]string{"OPENCODE_AUTH_CONTENT": `{"x":{}}`}, own: drivers.LoginYes, login: drivers.LoginYes},

		{name: "amp: nothing", agent: AgentAmp, own: drivers.LoginNo, login: drivers.LoginNo},
		{name: "amp: key", agent: AgentAmp, env: map[string]string{"AMP_API_KEY": "x"}, own: drivers.LoginYes, login: drivers.LoginYes},
		{name: "amp: an anthropic key is of no use", agent: AgentAmp, env: map[string]string{"ANTHROPIC_API_KEY": "x"}, files: map[string]string{".amp/config.json": `{"apiKey":"y"}`}, own: drivers.LoginNo, login: drivers.LoginNo},
		{name: "amp: file", agent: AgentAmp, files: map[string]string{".local/share/amp/secrets.json": `{"apiKey@https://ampcode.com/":"x"}`}, own: drivers.LoginYes, login: drivers.LoginYes},
		{name: "amp: of another server", agent: AgentAmp, env: map[string]string{"AMP_URL": "http://x"}, files: map[string]string{".local/share/amp/secrets.json": `{"apiKey@https://ampcode.com/":"x"}`}, own: drivers.LoginNo, login: drivers.LoginNo},
		{name: "amp: keychain", agent: AgentAmp, files: map[string]string{".config/amp/settings.json": `{"amp.experimental.cli.nativeSecretsStorage.enabled":true}`}, own: drivers.LoginUnknown, login: drivers.LoginUnknown},

		{name: "another agent", agent: "mock", own: drivers.LoginUnknown, login: drivers.LoginUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts := Options{Getenv: getenv(writeHome(t, tt.files), tt.env)}
			own, detail := Own(tt.agent, opts)
			if own != tt.own || detail == "" && tt.agent != "mock" {
				t.Errorf("own login %q (%s), want %q", own, detail, tt.own)
			}
			if login, _ := Login(tt.agent, opts); login != tt.login {
				t.Errorf("login %q, want %q", login, tt.login)
			}
			c, ok := Handover(tt.agent, opts)
			if ok != (tt.given != "") || ok && c.Secret.Reveal() != tt.given {
				t.Errorf("it is given %v (%v), want %q", c, ok, tt.given)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	tests := []struct {
		c    Credential
		want []string
	}{
		{Credential{Provider: Anthropic, Type: APIKey}, []string{"ANTHROPIC_API_KEY", "CLAUDE_API_KEY"}},
		{Credential{Provider: Anthropic, Type: OAuth, Origin: "CLAUDE_CODE_OAUTH_TOKEN"}, []string{"CLAUDE_CODE_OAUTH_TOKEN"}},
		{Credential{Provider: Anthropic, Type: OAuth, Origin: "ANTHROPIC_AUTH_TOKEN"}, []string{"ANTHROPIC_AUTH_TOKEN"}},
		{Credential{Provider: OpenAI, Type: APIKey}, []string{"OPENAI_API_KEY", "CODEX_API_KEY"}},
		{Credential{Provider: OpenAI, Type: OAuth}, nil},
		{Credential{Provider: "github-copilot", Type: OAuth}, nil},
		{Credential{Provider: Amp, Type: APIKey}, []string{"AMP_API_KEY"}},
		{Credential{Provider: "cloudflare-ai-gateway", Type: APIKey}, []string{"CLOUDFLARE_AI_GATEWAY_API_KEY"}},
		{Credential{Provider: "302ai; rm -rf\n$(x)é", Type: APIKey}, []string{"_02AI__RM__RF___X____API_KEY"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, Variables(tt.c)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.c, diff)
		}
	}
}
