package credentials

import (
	"bytes"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

func (f *finder) codexHome() string {
	if dir := f.moved("CODEX_HOME"); dir != "" {
		return dir
	}
	return path(f.home(), ".codex")
}

// codex takes what Codex has stored: a key, or else a ChatGPT login, whose
// token says itself when it ends.
func (f *finder) codex() {
	file := path(f.codexHome(), "auth.json")
	o := f.read(file)
	token := o.text("tokens", "access_token")
	for _, c := range []Credential{
		{Type: APIKey, Secret: o.secret("OPENAI_API_KEY")},
		{Type: OAuth, Secret: NewSecret(token), Expires: tokenExpiry(token)},
	} {
		c.Provider, c.Source, c.Origin = OpenAI, FromCodex, file
		f.take(c)
	}
}

const codexHint = "run codex login, or set OPENAI_API_KEY"

// codexOwn looks for what Codex itself takes as a login. Its app-server takes
// none from the environment.
func (f *finder) codexOwn() (drivers.Login, string) {
	home := f.codexHome()
	file := path(home, "auth.json")
	o := f.read(file)
	if o.text("OPENAI_API_KEY") != "" || o.text("tokens", "access_token") != "" {
		return drivers.LoginYes, "file " + file
	}
	// With these settings the login is in a keychain, or another provider is
	// used, which may need none.
	config, _ := readFile(path(home, "config.toml"))
	for _, setting := range []string{"cli_auth_credentials_store", "model_provider"} {
		if bytes.Contains(config, []byte(setting)) {
			return drivers.LoginUnknown, codexHint
		}
	}
	return drivers.LoginNo, codexHint
}
