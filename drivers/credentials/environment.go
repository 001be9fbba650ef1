package credentials

// variable is an environment variable that holds a credential.
type variable struct {
	name     string
	provider string
	kind     Type
}

// variables are those that are looked at, for each provider in the order in
// which they count.
func variables() []variable {
	return []variable{
		{"ANTHROPIC_API_KEY", Anthropic, APIKey},
		{"CLAUDE_API_KEY", Anthropic, APIKey},
		{"CLAUDE_CODE_OAUTH_TOKEN", Anthropic, OAuth},
		{"ANTHROPIC_AUTH_TOKEN", Anthropic, OAuth},
		{"OPENAI_API_KEY", OpenAI, APIKey},
		{"CODEX_API_KEY", OpenAI, APIKey},
		{ampVariable, Amp, APIKey},
	}
}

// environment takes what is in the environment. An empty variable is none.
func (f *finder) environment() {
	for _, v := range variables() {
		f.take(Credential{
			Provider: v.provider, Source: FromEnvironment, Origin: v.name,
			Type: v.kind, Secret: NewSecret(f.Getenv(v.name)),
		})
	}
}
