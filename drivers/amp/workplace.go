package amp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/skills"
	"github.com/sandbox-agent/sandbox-agent/drivers/scratch"
)

// scratchPrefix names the private temporary directories of this package.
const scratchPrefix = "sandbox-agent-amp-"

// workplace is a session's private folder: what its processes of the CLI get
// beside their arguments. It is made anew from the user's own at every start of
// a session, and removed at its end.
type workplace struct {
	dir      scratch.Dir
	settings string   // file
	config   string   // folder that stands for the user's ~/.config; "" where the user's own does
	mcp      string   // file
	shell    string   // file that bash reads before a command; "" for none
	ask      []string // globs of tools that the user's rules want to be asked about
}

// surroundings are what a session's CLI finds around it.
type surroundings struct {
	getenv     func(string) string // of its environment
	config     string              // the user's ~/.config
	delegate   string              // the program that decides and asks; for the JavaScript builds
	generation generation
}

// prepare makes the workplace of a session.
func prepare(cfg *drivers.Config, around surroundings, bridgeEnv func(string) string) (w *workplace, err error) {
	user, err := readSettings(settingsFile(around.getenv, around.config))
	if err != nil {
		return nil, err
	}
	found, err := skills.Find(agentID, cfg.Skills)
	if err != nil {
		return nil, err
	}
	servers, err := mcpServers(cfg.MCP, bridgeEnv)
	if err != nil {
		return nil, err
	}
	private, err := scratch.New("", scratchPrefix)
	if err != nil {
		return nil, fmt.Errorf("start amp: %w", err)
	}
	w = &workplace{dir: private, ask: user.rulesToAsk()}
	defer func() {
		if err != nil {
			_ = private.Remove()
		}
	}()
	skillsDir := ""
	if len(found) > 0 {
		skillsDir = filepath.Join(private.Path(), "skills")
		if err := skills.Gather(skillsDir, found); err != nil {
			return nil, fmt.Errorf("start amp: give the session its skills: %w", err)
		}
	}
	delegate := around.delegate
	if around.generation == native {
		delegate = ""
	}
	settings, err := user.forSession(delegate, skillsDir)
	if err != nil {
		return nil, err
	}
	if w.settings, err = w.write("settings.json", settings); err != nil {
		return nil, err
	}
	if around.generation != native {
		servers[askerServer] = mcpServer{Command: around.delegate, Args: []string{}, Env: map[string]string{helperVariable: "1"}}
	}
	if len(servers) > 0 {
		encoded, err := json.Marshal(servers)
		if err != nil {
			return nil, fmt.Errorf("start amp: %w", err)
		}
		// A file, since every user of the machine can read arguments.
		if w.mcp, err = w.write("mcp.json", encoded); err != nil {
			return nil, err
		}
	}
	if around.generation == native || cfg.SystemPrompt != "" {
		if err := w.standIn(around, cfg.SystemPrompt); err != nil {
			return nil, fmt.Errorf("start amp: prepare its configuration: %w", err)
		}
	}
	return w, nil
}

func (w *workplace) write(name string, content []byte) (path string, err error) {
	path = filepath.Join(w.dir.Path(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return "", fmt.Errorf("start amp: %w", err)
	}
	return path, nil
}

func (w *workplace) remove() error { return w.dir.Remove() }

// guidanceFile is what the CLI reads for every conversation, in its own folder
// of the configuration.
const guidanceFile = "AGENTS.md"

// standIn makes the folder that stands for the user's ~/.config. The CLI looks
// for plugins and guidance only there and in the project. All that the user has
// there is in it too, by links; commands that bash runs get the user's own
// folder back.
func (w *workplace) standIn(around surroundings, prompt string) error {
	w.config = filepath.Join(w.dir.Path(), "config")
	own := filepath.Join(w.config, "amp")
	plugins := filepath.Join(own, "plugins")
	if err := os.MkdirAll(plugins, 0o700); err != nil {
		return err
	}
	users := filepath.Join(around.config, "amp")
	// What can't be linked of other programs is left out, of Amp's it is copied.
	_ = place(os.Symlink, around.config, w.config, "amp")
	err := errors.Join(
		place(linkOrCopy, users, own, "plugins", "settings.json", "settings.jsonc", guidanceFile),
		place(linkOrCopy, filepath.Join(users, "plugins"), plugins, pluginFile),
	)
	if err != nil {
		return err
	}
	if around.generation == native {
		if err := os.WriteFile(filepath.Join(plugins, pluginFile), pluginSource(), 0o600); err != nil {
			return err
		}
	}
	guidance, err := os.ReadFile(filepath.Join(users, guidanceFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if text := strings.TrimSpace(strings.TrimSpace(string(guidance)) + "\n\n" + prompt); text != "" {
		if err := os.WriteFile(filepath.Join(own, guidanceFile), []byte(text+"\n"), 0o600); err != nil {
			return err
		}
	}
	w.shell, err = w.write("shell", []byte(shellStart(around.getenv)))
	return err
}

// place puts the entries of one folder into another, but for some. A folder that
// isn't there has none.
func place(put func(from, to string) error, from, to string, except ...string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return nil
	}
	var failed []error
	for _, e := range entries {
		if !contains(except, e.Name()) {
			failed = append(failed, put(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())))
		}
	}
	return errors.Join(failed...)
}

// linkOrCopy links, or copies where the system lets only some users make links.
func linkOrCopy(from, to string) error {
	err := os.Symlink(from, to)
	if err == nil {
		return nil
	}
	info, statErr := os.Stat(from)
	switch {
	case statErr != nil:
		return err
	case info.IsDir():
		return os.CopyFS(to, os.DirFS(from))
	}
	data, readErr := os.ReadFile(from)
	if readErr != nil {
		return readErr
	}
	return os.WriteFile(to, data, 0o600)
}

// shellStart is what bash runs before each command of the agent: it gives back
// what the CLI was given instead of the user's own.
func shellStart(getenv func(string) string) string {
	var b strings.Builder
	for _, name := range []string{"XDG_CONFIG_HOME", "BASH_ENV"} {
		if value := getenv(name); value != "" {
			fmt.Fprintf(&b, "export %s=%s\n", name, shellQuote(value))
		} else {
			fmt.Fprintf(&b, "unset %s\n", name)
		}
	}
	fmt.Fprintf(&b, "unset %s\n", channelVariable)
	if file := getenv("BASH_ENV"); file != "" {
		fmt.Fprintf(&b, ". %s\n", shellQuote(file))
	}
	return b.String()
}

func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
