package amp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Settings that we read or set.
const (
	keyPermissions = "amp.permissions"
	keyAllowAll    = "amp.dangerouslyAllowAll"
	keySkills      = "amp.skills.path"
	keyUpdates     = "amp.updates.mode"
	keyNotify      = "amp.notifications.enabled"
)

// userSettings are the settings of the user, as far as they have to hold in a
// session too: all of them.
type userSettings map[string]json.RawMessage

// readSettings reads the user's settings; where he has none there are none.
// What is broken is told: the CLI would go on without them.
func readSettings(file string) (userSettings, error) {
	for _, path := range []string{file, file + "c"} { // .json, .jsonc
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read amp's settings: %w", err)
		}
		settings := userSettings{}
		if err := json.Unmarshal(plainJSON(text), &settings); err != nil {
			return nil, universal.InvalidRequest("amp's settings can't be read: %s: %v; repair the file", path, err).Because(err)
		}
		return settings, nil
	}
	return userSettings{}, nil
}

// permissionRule is a rule of amp.permissions. What isn't listed is kept as it
// is.
type permissionRule struct {
	Tool   string `json:"tool"`
	Action string `json:"action"`
}

// rulesToAsk are the globs of tools that the user's rules want to be asked
// about.
func (s userSettings) rulesToAsk() []string {
	var list []permissionRule
	_ = json.Unmarshal(s[keyPermissions], &list) // the CLI itself tells what is wrong with them
	var globs []string
	for _, r := range list {
		if r.Action == "ask" {
			globs = append(globs, r.Tool)
			if r.Tool == "Bash" { // the CLI takes this name for all its shells
				globs = append(globs, "shell_command", "async_shell_command")
			}
		}
	}
	return globs
}

// forSession makes the settings of a session of the user's own. delegate is the
// program that decides on tool calls; "" where the plugin does.
func (s userSettings) forSession(delegate, skills string) ([]byte, error) {
	merged := map[string]any{
		keyUpdates: "disabled",
		keyNotify:  false,
	}
	for key, value := range s {
		merged[key] = value
	}
	delete(merged, keyAllowAll) // the session's permission mode decides
	permissions, err := s.permissions(delegate)
	if err != nil {
		return nil, err
	}
	merged[keyPermissions] = permissions
	if skills != "" {
		var own string
		_ = json.Unmarshal(s[keySkills], &own)
		if own != "" {
			skills = own + string(os.PathListSeparator) + skills
		}
		merged[keySkills] = skills
	}
	return json.MarshalIndent(merged, "", "  ")
}

// permissions are the user's rules with ours. Only rules that refuse, or ask a
// program of the user's, are left as they are: the others are for the bridge
// to decide, and a last rule for whatever no rule speaks of keeps the CLI's own
// list out, whose "ask" it can't ask.
func (s userSettings) permissions(delegate string) ([]any, error) {
	ours := func(rule map[string]any) map[string]any {
		rule["action"] = "allow"
		if delegate != "" {
			rule["action"], rule["to"] = "delegate", delegate
		}
		return rule
	}
	var list []map[string]any
	if raw := s[keyPermissions]; raw != nil {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, universal.InvalidRequest("amp's settings: %s is no list of rules: %v; repair it", keyPermissions, err).Because(err)
		}
	}
	rules := make([]any, 0, len(list)+1)
	for _, rule := range list {
		switch rule["action"] {
		case "allow", "ask":
			rule = ours(rule)
		}
		rules = append(rules, rule)
	}
	return append(rules, ours(map[string]any{"tool": "*"})), nil
}

// plainJSON takes comments and trailing commas out of JSON with them.
func plainJSON(text []byte) []byte {
	var out []byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(text))
			out = append(out, text[i:end]...)
			i = end - 1
		case c == '/' && i+1 < len(text) && text[i+1] == '/':
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case c == '/' && i+1 < len(text) && text[i+1] == '*':
			end := strings.Index(string(text[i+2:]), "*/")
			if end < 0 {
				return out
			}
			i += 2 + end + 1
		case c == '}' || c == ']':
			out = append(trimComma(out), c)
		default:
			out = append(out, c)
		}
	}
	return out
}

func trimComma(out []byte) []byte {
	trimmed := strings.TrimRight(string(out), " \t\r\n")
	if strings.HasSuffix(trimmed, ",") {
		return out[:len(trimmed)-1]
	}
	return out
}

// settingsFile is where the CLI keeps the user's settings.
func settingsFile(getenv func(string) string, config string) string {
	if file := getenv("AMP_SETTINGS_FILE"); file != "" {
		return file
	}
	return filepath.Join(config, "amp", "settings.json")
}
