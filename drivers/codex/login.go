package codex

import (
	"context"
	"encoding/json"

	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// serverFor says how to start the app-server for sessions with an environment,
// and the key that it has to be logged in with, "" if it has a login of its own
// or nobody knows one.
func (d *Driver) serverFor(own map[string]string) (spec process.Spec, key string, err error) {
	path, err := d.opts.Locate()
	if err != nil {
		return process.Spec{}, "", err
	}
	env := environment(d.opts.Environ(), own)
	if c, ok := credentials.Handover(agentID, credentials.Options{Getenv: environ.Getenv(env)}); ok {
		key = c.Secret.Reveal()
	}
	return serverSpec(path, arguments(key != ""), env), key, nil
}

type loginParams struct {
	Type   string `json:"type"` // "apiKey"
	APIKey string `json:"apiKey"`
}

// logIn gives the app-server a key, which it keeps in memory: from the
// environment it takes none. A provider of the user's own may need no login.
func (srv *server) logIn(ctx context.Context, key string) error {
	result, err := srv.call(ctx, "account/read", nothing{}, nil)
	if err != nil {
		return err
	}
	var account struct {
		Account  json.RawMessage `json:"account"`
		Requires bool            `json:"requiresOpenaiAuth"`
	}
	if err := json.Unmarshal(result, &account); err != nil {
		return err
	}
	if !account.Requires || len(account.Account) > 0 && string(account.Account) != "null" {
		return nil
	}
	_, err = srv.call(ctx, "account/login/start", loginParams{"apiKey", key}, nil)
	return err
}
