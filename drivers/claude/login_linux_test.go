package claude

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An agent without a login is given one; an agent that has one keeps it.
func TestWithLogin(t *testing.T) {
	const (
		loggedOut = "echo '{\"loggedIn\":false}'; exit 1\n"
		loggedIn  = "echo '{\"loggedIn\":true,\"authMethod\":\"keychain\"}'\n"
		unasked   = "echo asked >asked; exit 1\n"
	)
	opencode := map[string]string{".local/share/opencode/auth.json": borrowed}
	tests := []struct {
		name   string
		script string
		files  map[string]string
		env    []string
		given  string // "" if nothing
	}{
		{"another program's key", loggedOut, opencode, nil, "ANTHROPIC_API_KEY=sk-ant-borrowed-from-opencode"},
		{"in place of an empty variable", loggedOut, opencode, []string{"ANTHROPIC_API_KEY="}, "ANTHROPIC_API_KEY=sk-ant-borrowed-from-opencode"},
		{"a variable that it doesn't read", loggedOut, nil, []string{"CLAUDE_API_KEY=sk-ant-x"}, "ANTHROPIC_API_KEY=sk-ant-x"},
		{
			"another program's login", loggedOut,
			map[string]string{".local/share/opencode/auth.json": `{"anthropic":{"type":"oauth","access":"sk-ant-oat01-x"}}`},
			nil, "CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-x",
		},
		{"a login in its keychain", loggedIn, opencode, nil, ""},
		{"a key of its own", unasked, opencode, []string{"ANTHROPIC_API_KEY=sk-ant-own"}, ""},
		{"a file of its own", unasked, map[string]string{
			".local/share/opencode/auth.json": borrowed,
			".claude/.credentials.json":       `{"claudeAiOauth":{"accessToken":"x","expiresAt":1}}`,
		}, nil, ""},
		{"nothing to give", unasked, nil, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, path := probeScript(t, tt.script)
			env := append([]string{"HOME=" + writeHome(t, tt.files), "PATH=/usr/bin:/bin"}, tt.env...)
			want := slices.Clone(env)
			if tt.given != "" {
				want = slices.DeleteFunc(want, func(e string) bool { return e == "ANTHROPIC_API_KEY=" })
				want = append(want, tt.given)
			}
			if diff := cmp.Diff(want, d.withLogin(t.Context(), path, env)); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
			if tt.script == unasked {
				if _, err := os.Stat(filepath.Join(filepath.Dir(path), "asked")); err == nil {
					t.Error("the program was asked, though its answer doesn't matter")
				}
			}
		})
	}
}
