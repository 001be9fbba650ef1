package claude

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

const loginHint = "run claude and /login, or set ANTHROPIC_API_KEY"

// loginVariables are the environment variables that log the CLI in, in the
// order in which it looks at them.
var loginVariables = []string{
	"ANTHROPIC_API_KEY",
	"ANTHROPIC_AUTH_TOKEN",
	"CLAUDE_CODE_OAUTH_TOKEN",
	"CLAUDE_CODE_USE_BEDROCK",
	"CLAUDE_CODE_USE_VERTEX",
	"CLAUDE_CODE_USE_FOUNDRY",
}

// login looks for credentials, without using them: in the environment, in the
// CLI's own files, and last by asking the CLI, which also knows a keychain and
// needs no network for it. path is "" where there is no CLI.
func (d *Driver) login(ctx context.Context, path string) (drivers.Login, string) {
	for _, name := range loginVariables {
		if d.opts.Getenv(name) != "" {
			return drivers.LoginYes, "environment variable " + name
		}
	}
	if file := d.credentialsFile(); file != "" {
		return drivers.LoginYes, "file " + file
	}
	if path == "" {
		return drivers.LoginUnknown, loginHint
	}
	// Exit code 1 means that nobody is logged in; the answer is on stdout.
	out, _ := d.run(ctx, path, "auth", "status")
	var status struct {
		LoggedIn *bool  `json:"loggedIn"`
		Method   string `json:"authMethod"`
	}
	switch err := json.Unmarshal(out, &status); {
	case err != nil || status.LoggedIn == nil:
		return drivers.LoginUnknown, loginHint
	case *status.LoggedIn:
		return drivers.LoginYes, "claude auth status: " + status.Method
	}
	return drivers.LoginNo, loginHint
}

// credentialsFile is the file of the CLI that has credentials, or "".
func (d *Driver) credentialsFile() string {
	variable := "HOME"
	if runtime.GOOS == "windows" {
		variable = "USERPROFILE"
	}
	home := d.opts.Getenv(variable)
	if home == "" {
		home, _ = os.UserHomeDir()
	}
	config := d.opts.Getenv("CLAUDE_CONFIG_DIR")
	global := filepath.Join(config, ".claude.json")
	if config == "" {
		config, global = filepath.Join(home, ".claude"), filepath.Join(home, ".claude.json")
	}
	var stored struct {
		OAuth struct {
			AccessToken string `json:"accessToken"`
		} `json:"claudeAiOauth"`
		Key string `json:"primaryApiKey"`
	}
	for _, file := range []string{filepath.Join(config, ".credentials.json"), global} {
		raw, err := os.ReadFile(file)
		if err == nil && json.Unmarshal(raw, &stored) == nil && (stored.OAuth.AccessToken != "" || stored.Key != "") {
			return file
		}
	}
	return ""
}
