package amp

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// writeFile makes a file and its folders.
func writeFile(t *testing.T, text string, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
	return file
}

func readText(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The settings of a session are the user's, but for what decides on tool calls.
func TestSettings(t *testing.T) {
	const own = `{
	// a comment, with "quotes" and a /* in it
	"amp.dangerouslyAllowAll": true,
	"amp.proxy": "http://proxy//x",
	"amp.skills.path": "/own/skills",
	"amp.mcpServers": {"mine": {"command": "x"}},
	"amp.permissions": [
		{"tool": "Bash", "action": "reject", "matches": {"cmd": "rm *"}, "message": "no"},
		{"tool": "Read", "action": "ask"}, /* and */
		{"tool": "Bash", "action": "allow", "matches": {"cmd": ["ls", "pwd"]},},
		{"tool": "mcp__*", "action": "delegate", "to": "/own/program"},
	],
}`
	for _, c := range []struct{ delegate, rules string }{
		{"", `[
			{"tool":"Bash","action":"reject","matches":{"cmd":"rm *"},"message":"no"},
			{"tool":"Read","action":"allow"},
			{"tool":"Bash","action":"allow","matches":{"cmd":["ls","pwd"]}},
			{"tool":"mcp__*","action":"delegate","to":"/own/program"},
			{"tool":"*","action":"allow"}]`},
		{"/the/bridge", `[
			{"tool":"Bash","action":"reject","matches":{"cmd":"rm *"},"message":"no"},
			{"tool":"Read","action":"delegate","to":"/the/bridge"},
			{"tool":"Bash","action":"delegate","to":"/the/bridge","matches":{"cmd":["ls","pwd"]}},
			{"tool":"mcp__*","action":"delegate","to":"/own/program"},
			{"tool":"*","action":"delegate","to":"/the/bridge"}]`},
	} {
		settings, err := readSettings(writeFile(t, own, t.TempDir(), "settings.json"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"Read"}, settings.rulesToAsk()); diff != "" {
			t.Errorf("rules that ask (-want +got):\n%s", diff)
		}
		text, err := settings.forSession(c.delegate, "/session/skills")
		if err != nil {
			t.Fatal(err)
		}
		var got, want map[string]any
		wanted := `{"amp.proxy":"http://proxy//x","amp.mcpServers":{"mine":{"command":"x"}},"amp.updates.mode":"disabled",
			"amp.notifications.enabled":false,"amp.skills.path":"/own/skills` + string(os.PathListSeparator) + `/session/skills","amp.permissions":` + c.rules + `}`
		if err := errors.Join(json.Unmarshal(text, &got), json.Unmarshal([]byte(wanted), &want)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("settings (-want +got):\n%s", diff)
		}
	}
}

func TestSettingsFiles(t *testing.T) {
	dir := t.TempDir()
	if s, err := readSettings(filepath.Join(dir, "settings.json")); err != nil || len(s) != 0 {
		t.Errorf("no settings are read as %v, %v", s, err)
	}
	writeFile(t, `{"amp.proxy": "x", }`, dir, "settings.jsonc")
	if s, err := readSettings(filepath.Join(dir, "settings.json")); err != nil || len(s) != 1 {
		t.Errorf("settings with comments are read as %v, %v", s, err)
	}
	broken := writeFile(t, `{[broken`, dir, "settings.json")
	_, err := readSettings(broken)
	if universal.KindOf(err) != universal.KindInvalidRequest || !strings.Contains(err.Error(), broken) {
		t.Errorf("broken settings give %v", err)
	}
	for _, rules := range []string{`7`, `{"tool":"x"}`, `[7]`} {
		s := userSettings{keyPermissions: json.RawMessage(rules)}
		if _, err := s.forSession("", ""); universal.KindOf(err) != universal.KindInvalidRequest {
			t.Errorf("the rules %s give %v", rules, err)
		}
	}
}

// The user's folder of configurations is there with all that is in it, and
// nothing in it is changed.
func TestStandIn(t *testing.T) {
	home := t.TempDir()
	config := filepath.Join(home, ".config")
	writeFile(t, "other", config, "other", "tool.toml")
	writeFile(t, `{"amp.proxy":"x"}`, config, "amp", "settings.json")
	writeFile(t, "The user's words.\n", config, "amp", "AGENTS.md")
	writeFile(t, "export default () => {}\n", config, "amp", "plugins", "own.ts")
	writeFile(t, "---\nname: own\n---\n", config, "amp", "skills", "own", "SKILL.md")
	env := []string{"HOME=" + home, "BASH_ENV=/own/it's", "AMP_API_KEY=x"}
	before := tree(t, home)

	cfg := &drivers.Config{
		SystemPrompt: "Answer in rhymes.",
		MCP:          map[string]drivers.MCPServer{"demo": {Type: "local", Command: []string{"demo", "-v"}, Env: map[string]string{"KEY": "secret"}}},
	}
	w, err := prepare(cfg, surroundings{getenv: environ.Getenv(env), config: configHome(environ.Getenv(env)), generation: native}, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"other/tool.toml":           "other",
		"amp/AGENTS.md":             "The user's words.\n\nAnswer in rhymes.\n",
		"amp/plugins/own.ts":        "export default () => {}\n",
		"amp/plugins/" + pluginFile: string(pluginSource()),
		"amp/skills/own/SKILL.md":   "---\nname: own\n---\n",
	} {
		if got := readText(t, w.config, path); got != want {
			t.Errorf("%s has %q, want %q", path, got, want)
		}
	}
	if _, err := os.Stat(filepath.Join(w.config, "amp", "settings.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the user's settings are there too: %v", err)
	}
	if got := readText(t, w.mcp); !strings.Contains(got, `"args":["-v"]`) || !strings.Contains(got, "secret") {
		t.Errorf("the tool servers are %s", got)
	}
	wantShell := "unset XDG_CONFIG_HOME\nexport BASH_ENV='/own/it'\\''s'\nunset " + channelVariable + "\n. '/own/it'\\''s'\n"
	if diff := cmp.Diff(wantShell, readText(t, w.shell)); diff != "" {
		t.Errorf("the shell's beginning (-want +got):\n%s", diff)
	}
	inside := environ.Getenv(inWorkplace(env, w))
	if inside("XDG_CONFIG_HOME") != w.config || inside("BASH_ENV") != w.shell || inside("HOME") != home {
		t.Errorf("the environment is %v", inWorkplace(env, w))
	}
	if err := w.remove(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, tree(t, home)); diff != "" {
		t.Errorf("the user's home (-before +after):\n%s", diff)
	}
}

// The JavaScript builds get the bridge as delegate and tool server, and the
// user's own folder unless there is a system prompt.
func TestOlderWorkplace(t *testing.T) {
	w, err := prepare(&drivers.Config{}, surroundings{
		getenv: func(string) string { return "" }, config: t.TempDir(), delegate: "/the/bridge", generation: may,
	}, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	defer w.remove()
	if w.config != "" {
		t.Errorf("the configuration is in %s", w.config)
	}
	if got := readText(t, w.settings); !strings.Contains(got, `"to": "/the/bridge"`) {
		t.Errorf("the settings are %s", got)
	}
	want := `{"sandbox_agent":{"command":"/the/bridge","args":[],"env":{"` + helperVariable + `":"1"}}}`
	if got := readText(t, w.mcp); got != want {
		t.Errorf("the tool servers are %s, want %s", got, want)
	}
}

// tree lists the files of a folder with what is in them.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestGenerations(t *testing.T) {
	for version, want := range map[string]struct {
		generation
		known bool
	}{
		"0.0.1769425000-g1e5104": {january, true},
		"0.0.1777897475-g2324e1": {may, true},
		"0.0.1790142911-g7618fb": {native, true},
		"0.0.9999999999-gffffff": {native, true},
		"next":                   {native, false},
		"0.0.-5":                 {native, false},
	} {
		g, known := generationOf(version)
		if g != want.generation || known != want.known {
			t.Errorf("%s is of generation %d (%v), want %d (%v)", version, g, known, want.generation, want.known)
		}
	}
}

// Flags are those of the generation, and secrets are in none.
func TestArguments(t *testing.T) {
	w := &workplace{settings: "/w/settings.json", mcp: "/w/mcp.json"}
	for name, c := range map[string]struct {
		generation generation
		thread     string
		settings   drivers.Settings
		want       string
	}{
		"native": {
			native, "", drivers.Settings{Title: "-a title"},
			"--execute --stream-json-thinking --stream-json-input --no-ide --no-color --settings-file /w/settings.json --mode medium --mcp-config /w/mcp.json --no-archive-after-execute --plugin-ready-timeout 60 --title=-a title",
		},
		"native, continued": {
			native, thread, drivers.Settings{Title: "a title", AgentMode: "high", PermissionMode: drivers.PermissionBypass},
			"threads continue " + thread + " --execute --stream-json-thinking --stream-json-input --no-ide --no-color --settings-file /w/settings.json --mode high --mcp-config /w/mcp.json --dangerously-allow-all --no-archive-after-execute --plugin-ready-timeout 60",
		},
		"may": {
			may, "", drivers.Settings{Title: "a title", AgentMode: drivers.ModeBuild},
			"--execute --stream-json-thinking --stream-json-input --no-ide --no-color --settings-file /w/settings.json --mode smart --mcp-config /w/mcp.json",
		},
	} {
		if got := strings.Join(c.generation.arguments(c.thread, &c.settings, w), " "); got != c.want {
			t.Errorf("%s: the arguments are\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// What is said to be ours in the environment isn't handed on.
func TestEnvironment(t *testing.T) {
	got := environment(
		[]string{"PATH=/bin", "AGENT=amp", "AMP_THREAD_ID=T-1", channelVariable + "=x/y", helperVariable + "=1", "A=base", "AMP_SKIP_UPDATE_CHECK=0"},
		map[string]string{"A": "own", "B": "own"},
	)
	if diff := cmp.Diff([]string{"PATH=/bin", "AMP_SKIP_UPDATE_CHECK=0", "A=own", "B=own"}, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if got := environment(nil, nil); !contains(got, "AMP_SKIP_UPDATE_CHECK=1") {
		t.Errorf("the environment is %v", got)
	}
}
