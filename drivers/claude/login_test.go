package claude

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

func TestLogin(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		file string // relative to the home
		text string
		want drivers.Login
	}{
		{"key", map[string]string{"ANTHROPIC_API_KEY": "x"}, "", "", drivers.LoginYes},
		{"cloud", map[string]string{"CLAUDE_CODE_USE_BEDROCK": "1"}, "", "", drivers.LoginYes},
		{"oauth file", nil, ".claude/.credentials.json", `{"claudeAiOauth":{"accessToken":"x","expiresAt":1}}`, drivers.LoginYes},
		{"managed key", nil, ".claude.json", `{"primaryApiKey":"x"}`, drivers.LoginYes},
		{"empty file", nil, ".claude.json", `{}`, drivers.LoginUnknown},
		{"broken file", nil, ".claude/.credentials.json", `{`, drivers.LoginUnknown},
		{"nothing", nil, "", "", drivers.LoginUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home := t.TempDir()
			if tt.file != "" {
				path := filepath.Join(home, tt.file)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			d := New(Options{Getenv: func(name string) string {
				if name == "HOME" {
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
