package claude

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

// writeHome writes files into a new home.
func writeHome(t *testing.T, files map[string]string) string {
	t.Helper()
	home := t.TempDir()
	for name, text := range files {
		path := filepath.Join(home, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// borrowed is a key in OpenCode's file.
const borrowed = `{"anthropic":{"type":"api","key":"sk-ant-borrowed-from-opencode"}}`

func TestLogin(t *testing.T) {
	tests := []struct {
		name  string
		env   map[string]string
		files map[string]string
		want  drivers.Login
	}{
		{"key", map[string]string{"ANTHROPIC_API_KEY": "x"}, nil, drivers.LoginYes},
		{"file", nil, map[string]string{".claude/.credentials.json": `{"claudeAiOauth":{"accessToken":"x","expiresAt":1}}`}, drivers.LoginYes},
		{"a variable that it doesn't read", map[string]string{"CLAUDE_API_KEY": "x"}, nil, drivers.LoginYes},
		{"somebody else's key", nil, map[string]string{".local/share/opencode/auth.json": borrowed}, drivers.LoginYes},
		{"nothing", nil, nil, drivers.LoginUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home := writeHome(t, tt.files)
			d := New(Options{Getenv: func(name string) string {
				if name == "HOME" || name == "USERPROFILE" {
					return home
				}
				return tt.env[name]
			}})
			got, detail := d.login(t.Context(), "")
			if got != tt.want || detail == "" {
				t.Errorf("login %q (%s), want %q", got, detail, tt.want)
			}
		})
	}
}
