package credentials

import (
	"bytes"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

const (
	ampVariable = "AMP_API_KEY"
	ampServer   = "https://ampcode.com"
	// ampForm begins every key of Amp's own service.
	ampForm = "sgamp_"
)

// ampSecrets is Amp's own file. It has a key for each server.
func (f *finder) ampSecrets() (file string, key Secret) {
	file = path(f.dataHome(), "amp", "secrets.json")
	o := f.read(file)
	server := f.moved("AMP_URL")
	if server == "" {
		server = ampServer
	}
	server = strings.TrimRight(server, "/")
	for _, name := range []string{"apiKey@" + server + "/", "apiKey@" + server} {
		if key := o.secret(name); !key.Empty() {
			return file, key
		}
	}
	return file, Secret{}
}

// ampField is a place in ~/.amp/config.json.
type ampField struct {
	kind Type
	way  []string
}

// ampFields are the places where ~/.amp/config.json may have a credential.
// Today's Amp doesn't read that file; clients of the v0.1 API do.
func ampFields() []ampField {
	return []ampField{
		{APIKey, []string{"anthropicApiKey"}},
		{APIKey, []string{"anthropic_api_key"}},
		{APIKey, []string{"apiKey"}},
		{APIKey, []string{"api_key"}},
		{OAuth, []string{"accessToken"}},
		{OAuth, []string{"access_token"}},
		{OAuth, []string{"token"}},
		{APIKey, []string{"auth", "anthropicApiKey"}},
		{APIKey, []string{"auth", "apiKey"}},
		{OAuth, []string{"auth", "token"}},
		{APIKey, []string{"anthropic", "apiKey"}},
		{OAuth, []string{"anthropic", "token"}},
	}
}

// amp takes what Amp has stored: its own key, and a key for Anthropic.
func (f *finder) amp() {
	file, key := f.ampSecrets()
	f.take(Credential{Provider: Amp, Source: FromAmp, Origin: file, Type: APIKey, Secret: key})
	file = path(f.home(), ".amp", "config.json")
	o := f.read(file)
	for _, field := range ampFields() {
		key := o.text(field.way...)
		if strings.HasPrefix(key, ampForm) {
			continue // of Amp's service, which doesn't look for it here
		}
		f.take(Credential{Provider: Anthropic, Source: FromAmp, Origin: file, Type: field.kind, Secret: NewSecret(key)})
	}
}

const ampHint = "run amp login, or set " + ampVariable

// ampOwn looks for what Amp itself takes as a login. Without one it would open
// a browser and wait.
func (f *finder) ampOwn() (drivers.Login, string) {
	if detail := f.firstVariable([]string{ampVariable}); detail != "" {
		return drivers.LoginYes, detail
	}
	if file, key := f.ampSecrets(); !key.Empty() {
		return drivers.LoginYes, "file " + file
	}
	for _, name := range []string{"settings.json", "settings.jsonc"} {
		settings, _ := readFile(path(f.configHome(), "amp", name))
		if bytes.Contains(settings, []byte("nativeSecretsStorage")) {
			return drivers.LoginUnknown, ampHint // it may be in a keychain
		}
	}
	return drivers.LoginNo, ampHint
}
