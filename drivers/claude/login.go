package claude

import (
	"context"
	"encoding/json"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
)

// login looks whether the agent would have credentials, without using them: its
// own, or such as the bridge hands it. path is "" where there is no CLI.
func (d *Driver) login(ctx context.Context, path string) (drivers.Login, string) {
	where := credentials.Options{Getenv: d.opts.Getenv}
	login, detail := credentials.Own(agentID, where)
	if login == drivers.LoginUnknown && path != "" {
		login, detail = d.askLogin(ctx, path, environment(d.opts.Environ(), nil), detail)
	}
	if login != drivers.LoginYes {
		if c, ok := credentials.Handover(agentID, where); ok {
			return drivers.LoginYes, c.Where()
		}
	}
	return login, detail
}

// askLogin asks the CLI, which also knows a keychain and commands that print
// keys, and needs no network for it.
func (d *Driver) askLogin(ctx context.Context, path string, env []string, hint string) (drivers.Login, string) {
	// Exit code 1 means that nobody is logged in; the answer is on stdout.
	out, _ := d.run(ctx, path, env, "auth", "status")
	var status struct {
		LoggedIn *bool  `json:"loggedIn"`
		Method   string `json:"authMethod"`
	}
	switch err := json.Unmarshal(out, &status); {
	case err != nil || status.LoggedIn == nil:
		return drivers.LoginUnknown, hint
	case *status.LoggedIn:
		return drivers.LoginYes, "claude auth status: " + status.Method
	}
	return drivers.LoginNo, hint
}

// withLogin adds to an agent's environment the credential that it lacks, if
// there is one for it. The CLI is asked only then: mostly its login can be
// seen, or there is nothing to give.
func (d *Driver) withLogin(ctx context.Context, path string, env []string) []string {
	c, ok := credentials.Handover(agentID, credentials.Options{Getenv: environ.Getenv(env)})
	if !ok {
		return env
	}
	if login, _ := d.askLogin(ctx, path, env, ""); login == drivers.LoginYes {
		return env
	}
	d.opts.Logger.Info("claude has no login of its own and is given another", "from", c.Where(), "secret", c.Secret)
	name := credentials.Variables(c)[0]
	return append(environ.Without(env, name), name+"="+c.Secret.Reveal()) // there may be an empty one
}
