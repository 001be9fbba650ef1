package credentials

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// now is the time of all tests.
var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

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

// getenv reads an environment whose home is home; $HOME in a value is it.
func getenv(home string, env map[string]string) func(string) string {
	return func(name string) string {
		if name == "HOME" || name == "USERPROFILE" {
			return home
		}
		return strings.ReplaceAll(env[name], "$HOME", home)
	}
}

// show writes a credential as "provider type secret source origin [expiry]".
func show(home string, c Credential) string {
	text := fmt.Sprint(c.Provider, " ", c.Type, " ", c.Secret.Reveal(), " ", c.Source, " ", short(home, c.Origin))
	if !c.Expires.IsZero() {
		text += " " + c.Expires.UTC().Format(time.RFC3339)
	}
	return text
}

func short(home, origin string) string {
	return filepath.ToSlash(strings.Replace(origin, home, "~", 1))
}

// token is a JSON web token that ends at a time.
func token(end time.Time) string {
	claims := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, end.Unix()))
	return "e30." + claims + ".sig"
}

func TestFind(t *testing.T) {
	later := now.Add(time.Hour)
	const laterText = " 2026-03-04T06:06:07Z"
	tests := []struct {
		name     string
		env      map[string]string
		files    map[string]string
		noOAuth  bool
		want     []string
		problems []string // each is "origin: a part of the detail"
	}{
		{name: "nothing"},
		{
			name: "environment, the first variable of each provider",
			env: map[string]string{
				"ANTHROPIC_API_KEY": "a1", "CLAUDE_API_KEY": "a2", "CLAUDE_CODE_OAUTH_TOKEN": "a3", "ANTHROPIC_AUTH_TOKEN": "a4",
				"OPENAI_API_KEY": "o1", "CODEX_API_KEY": "o2", "AMP_API_KEY": "m1",
			},
			want: []string{
				"anthropic api_key a1 environment ANTHROPIC_API_KEY",
				"openai api_key o1 environment OPENAI_API_KEY",
				"amp api_key m1 environment AMP_API_KEY",
			},
		},
		{
			name: "environment, the second ones; empty is none",
			env:  map[string]string{"ANTHROPIC_API_KEY": "", "CLAUDE_API_KEY": "a2", "CLAUDE_CODE_OAUTH_TOKEN": "a3", "CODEX_API_KEY": "o2"},
			want: []string{"anthropic api_key a2 environment CLAUDE_API_KEY", "openai api_key o2 environment CODEX_API_KEY"},
		},
		{
			name: "environment, tokens",
			env:  map[string]string{"CLAUDE_CODE_OAUTH_TOKEN": "a3", "ANTHROPIC_AUTH_TOKEN": "a4"},
			want: []string{"anthropic oauth a3 environment CLAUDE_CODE_OAUTH_TOKEN"},
		},
		{
			name: "environment, a gateway's token",
			env:  map[string]string{"ANTHROPIC_AUTH_TOKEN": "a4"},
			want: []string{"anthropic oauth a4 environment ANTHROPIC_AUTH_TOKEN"},
		},
		{name: "environment, tokens not wanted", env: map[string]string{"CLAUDE_CODE_OAUTH_TOKEN": "a3", "ANTHROPIC_AUTH_TOKEN": "a4"}, noOAuth: true},
		{
			name: "the order of the files",
			files: map[string]string{
				".amp/config.json":                `{"anthropicApiKey":"amp1"}`,
				".claude.json":                    `{"primaryApiKey":"sk-ant-c1"}`,
				".codex/auth.json":                `{"OPENAI_API_KEY":"codex1"}`,
				".local/share/opencode/auth.json": `{"anthropic":{"type":"api","key":"oc1"},"openai":{"type":"api","key":"oc2"},"groq":{"type":"api","key":"oc3"}}`,
			},
			want: []string{
				"anthropic api_key amp1 amp ~/.amp/config.json",
				"openai api_key codex1 codex ~/.codex/auth.json",
				"groq api_key oc3 opencode ~/.local/share/opencode/auth.json",
			},
		},
		{
			name:  "amp's places, the first that has something",
			files: map[string]string{".amp/config.json": `{"apiKey":"","auth":{"apiKey":"nested","token":"t"}}`},
			want:  []string{"anthropic api_key nested amp ~/.amp/config.json"},
		},
		{
			name:  "amp's tokens are none of the keys",
			files: map[string]string{".amp/config.json": `{"accessToken":"t1"}`},
			want:  []string{"anthropic oauth t1 amp ~/.amp/config.json"},
		},
		{
			name:  "a key for amp's own service is not one for anthropic",
			files: map[string]string{".amp/config.json": `{"apiKey":"sgamp_x"}`, ".local/share/amp/secrets.json": `{"apiKey@https://ampcode.com/":"sgamp_y","apiKey@http://other/":"sgamp_z"}`},
			want:  []string{"amp api_key sgamp_y amp ~/.local/share/amp/secrets.json"},
		},
		{
			name:  "amp's key for another server",
			env:   map[string]string{"AMP_URL": "http://other", "XDG_DATA_HOME": "$HOME/data"},
			files: map[string]string{"data/amp/secrets.json": `{"apiKey@https://ampcode.com/":"sgamp_y","apiKey@http://other/":"sgamp_z"}`},
			want:  []string{"amp api_key sgamp_z amp ~/data/amp/secrets.json"},
		},
		{
			name: "claude's keys come before its login, and look like keys",
			files: map[string]string{
				".claude.json":              `{"apiKey":"something else","customApiKey":"sk-ant-c4"}`,
				".claude/.credentials.json": `{"claudeAiOauth":{"accessToken":"t","expiresAt":` + fmt.Sprint(later.UnixMilli()) + `}}`,
			},
			want: []string{"anthropic api_key sk-ant-c4 claude-code ~/.claude.json"},
		},
		{
			name:  "claude's login, milliseconds",
			files: map[string]string{".claude/.credentials.json": `{"claudeAiOauth":{"accessToken":"t","expiresAt":` + fmt.Sprint(later.UnixMilli()) + `}}`},
			want:  []string{"anthropic oauth t claude-code ~/.claude/.credentials.json" + laterText},
		},
		{
			name:  "claude's login, RFC 3339",
			files: map[string]string{".claude-oauth-credentials.json": `{"claudeAiOauth":{"accessToken":"t","expiresAt":"2026-03-04T08:06:07+02:00"}}`},
			want:  []string{"anthropic oauth t claude-code ~/.claude-oauth-credentials.json" + laterText},
		},
		{
			name: "an expired login makes room for the next",
			files: map[string]string{
				".claude/.credentials.json":       `{"claudeAiOauth":{"accessToken":"t","expiresAt":` + fmt.Sprint(now.UnixMilli()) + `}}`,
				".local/share/opencode/auth.json": `{"anthropic":{"type":"oauth","access":"oc","expires":` + fmt.Sprint(later.UnixMilli()) + `}}`,
			},
			want:     []string{"anthropic oauth oc opencode ~/.local/share/opencode/auth.json" + laterText},
			problems: []string{"~/.claude/.credentials.json: expired at 2026-03-04T05:06:07Z"},
		},
		{
			name:     "an expiry that nobody understands",
			files:    map[string]string{".claude/.credentials.json": `{"claudeAiOauth":{"accessToken":"t","expiresAt":"tomorrow"}}`},
			want:     []string{"anthropic oauth t claude-code ~/.claude/.credentials.json"},
			problems: []string{`~/.claude/.credentials.json: "tomorrow" is neither a number nor RFC 3339`},
		},
		{
			name:  "claude's directory elsewhere",
			env:   map[string]string{"CLAUDE_CONFIG_DIR": "$HOME/cfg"},
			files: map[string]string{".claude.json": `{"primaryApiKey":"sk-ant-no"}`, "cfg/.claude.json": `{"primaryApiKey":"sk-ant-yes"}`},
			want:  []string{"anthropic api_key sk-ant-yes claude-code ~/cfg/.claude.json"},
		},
		{
			name:  "codex's key before its login",
			files: map[string]string{".codex/auth.json": `{"auth_mode":"apikey","OPENAI_API_KEY":"k","tokens":{"access_token":"t"}}`},
			want:  []string{"openai api_key k codex ~/.codex/auth.json"},
		},
		{
			name:  "codex's login, elsewhere",
			env:   map[string]string{"CODEX_HOME": "$HOME/cx"},
			files: map[string]string{"cx/auth.json": `{"auth_mode":"chatgpt","OPENAI_API_KEY":null,"tokens":{"access_token":"` + token(later) + `"}}`},
			want:  []string{"openai oauth " + token(later) + " codex ~/cx/auth.json" + laterText},
		},
		{
			name:     "codex's login has expired",
			files:    map[string]string{".codex/auth.json": `{"tokens":{"access_token":"` + token(now.Add(-time.Second)) + `"}}`},
			problems: []string{"~/.codex/auth.json: expired"},
		},
		{name: "codex's login is not wanted", files: map[string]string{".codex/auth.json": `{"tokens":{"access_token":"t"}}`}, noOAuth: true},
		{
			name: "opencode's kinds of entries",
			env:  map[string]string{"XDG_DATA_HOME": "$HOME/data"},
			files: map[string]string{"data/opencode/auth.json": `{
				"a":{"type":"api","key":"k"}, "b":{"type":"oauth","access":"t","expires":0}, "c":{"type":"oauth","access":"old","expires":1},
				"https://site":{"type":"wellknown","key":"NAME","token":"w"}, "d":7, "e":{"type":"api"}, "f\u001b[31m":{"type":"api","key":"k"}}`},
			want:     []string{"a api_key k opencode ~/data/opencode/auth.json", "b oauth t opencode ~/data/opencode/auth.json"},
			problems: []string{"~/data/opencode/auth.json: the login at c expired at 1970-01-01T00:00:01Z", "~/data/opencode/auth.json: a provider has a name that none has"},
		},
		{
			name:  "opencode's variable takes the place of its file",
			env:   map[string]string{"OPENCODE_AUTH_CONTENT": `{"x":{"type":"api","key":"k"}}`},
			files: map[string]string{".local/share/opencode/auth.json": `{"y":{"type":"api","key":"k"}}`},
			want:  []string{"x api_key k opencode OPENCODE_AUTH_CONTENT"},
		},
		{
			name: "broken files end nothing, and are told without their text",
			env:  map[string]string{"OPENCODE_AUTH_CONTENT": "{secret"},
			files: map[string]string{
				".claude.json.api": "{secret", ".claude.json": `["secret"]`, ".amp/config.json": `"secret"`, ".local/share/amp/secrets.json": "null",
				".codex/auth.json/directory":     "",
				".claude/.credentials.json":      "\xEF\xBB\xBF{\"claudeAiOauth\":{\"accessToken\":\"t\"}}",
				".claude-oauth-credentials.json": " \n",
			},
			want: []string{"anthropic oauth t claude-code ~/.claude/.credentials.json"},
			problems: []string{
				"~/.local/share/amp/secrets.json: not a JSON object",
				"~/.amp/config.json: not a JSON object",
				"~/.claude.json.api: not a JSON object",
				"~/.claude.json: not a JSON object",
				"~/.codex/auth.json: not a file",
				"OPENCODE_AUTH_CONTENT: not a JSON object",
			},
		},
		{
			name:     "a secret with a line break",
			files:    map[string]string{".codex/auth.json": `{"OPENAI_API_KEY":"a\nb"}`},
			problems: []string{"~/.codex/auth.json: characters that none has"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home := writeHome(t, tt.files)
			set := Find(Options{Getenv: getenv(home, tt.env), NoOAuth: tt.noOAuth, Now: func() time.Time { return now }})
			var got []string
			for _, c := range set.All() {
				got = append(got, show(home, c))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if len(set.Problems) != len(tt.problems) {
				t.Errorf("problems: %v, want %d", set.Problems, len(tt.problems))
				return
			}
			for i, p := range set.Problems {
				origin, part, _ := strings.Cut(tt.problems[i], ": ")
				if short(home, p.Origin) != origin || !strings.Contains(p.Detail, part) || strings.Contains(p.Detail, "secret\"") {
					t.Errorf("problem %q, want %q", p, tt.problems[i])
				}
			}
		})
	}
}

// Somebody else's home has its files at their usual places, wherever this
// user's are.
func TestFindInAnotherHome(t *testing.T) {
	mine := writeHome(t, map[string]string{".codex/auth.json": `{"OPENAI_API_KEY":"mine"}`})
	other := writeHome(t, map[string]string{
		".codex/auth.json":                `{"OPENAI_API_KEY":"other"}`,
		".local/share/opencode/auth.json": `{"x":{"type":"api","key":"other"}}`,
	})
	set := Find(Options{Home: other, Getenv: getenv(mine, map[string]string{
		"CODEX_HOME": "$HOME/.codex", "XDG_DATA_HOME": "$HOME/data", "OPENCODE_AUTH_CONTENT": "{}",
		"ANTHROPIC_API_KEY": "k",
	})})
	if set.OpenAI == nil || set.OpenAI.Secret.Reveal() != "other" || set.Other["x"].Secret.Reveal() != "other" {
		t.Errorf("found %v", set.All())
	}
	if set.Anthropic == nil || set.Anthropic.Source != FromEnvironment {
		t.Errorf("the environment counts for every home: %v", set.Anthropic)
	}
}

func TestFindWithoutAHome(t *testing.T) {
	set := Find(Options{Getenv: func(string) string { return "" }})
	if len(set.All()) != 0 || len(set.Problems) != 0 {
		t.Errorf("found %v, problems %v", set.All(), set.Problems)
	}
}

func TestReadFileBounds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(maxFile + 1); err != nil { // a hole: it takes no room
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := readFile(file); err == nil || !strings.Contains(err.Error(), "more than 32 MiB") {
		t.Errorf("a large file: %v", err)
	}
}

func TestReadFileUnreadable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "loop") // unreadable for root too
	if err := os.Symlink(file, file); err != nil {
		t.Fatal(err)
	}
	if _, err := readFile(file); err == nil || !strings.HasPrefix(err.Error(), "it can't be read: ") || strings.Contains(err.Error(), file) {
		t.Errorf("a link to itself: %v", err)
	}
}
