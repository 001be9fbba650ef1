package credentials

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// FuzzFind has any text in every file: nothing panics, what is found can be
// used, and the problems hold no text of the files.
func FuzzFind(f *testing.F) {
	for _, seed := range []string{
		`{"claudeAiOauth":{"accessToken":"t","expiresAt":1772600767000},"primaryApiKey":"sk-ant-x"}`,
		`{"OPENAI_API_KEY":null,"tokens":{"access_token":"e30.eyJleHAiOjF9.x"}}`,
		`{"a":{"type":"api","key":"k"},"b":{"type":"oauth","access":"t","expires":"2026-03-04T05:06:07Z"}}`,
		`{"":{"type":"api","key":"k"}}`, `{"apiKey@https://ampcode.com/":"k","auth":{"token":"x"}}`,
		`{"a":`, `[]`, `null`, "\xEF\xBB\xBF{}", `{"a":{"type":"api","key":"a\u0000b"}}`,
	} {
		f.Add([]byte(seed))
	}
	home := f.TempDir()
	files := []string{
		".claude.json", ".claude/.credentials.json", ".codex/auth.json", ".amp/config.json",
		".local/share/opencode/auth.json", ".local/share/amp/secrets.json",
	}
	for i, name := range files {
		files[i] = filepath.Join(home, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(files[i]), 0o755); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, file := range files {
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		opts := Options{Getenv: getenv(home, nil), Now: func() time.Time { return now }}
		set := Find(opts)
		for _, c := range set.All() {
			if c.Provider == "" || c.Secret.Empty() || !c.Secret.usable() || c.Where() == "" {
				t.Errorf("found %v", c)
			}
			if !c.Expires.IsZero() && !c.Expires.After(now) {
				t.Errorf("found what has expired: %v", c)
			}
			for _, name := range Variables(c) {
				for i, r := range name {
					if r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9' || i == 0) {
						t.Errorf("%q is no variable", name)
					}
				}
			}
		}
		for _, agent := range []string{AgentClaude, AgentCodex, AgentOpenCode, AgentAmp} {
			Login(agent, opts)
		}
	})
}

func FuzzExpiry(f *testing.F) {
	for _, seed := range []string{`1772600767000`, `"2026-03-04T05:06:07Z"`, `1e999`, `"1"`, `-0`, `null`, `{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return // the decoder gives no other
		}
		if _, err := expiry(raw); err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
	})
}
