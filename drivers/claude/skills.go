package claude

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/skills"
)

// pluginName is the plugin that brings a session its skills; the agent shows
// them as "session:<skill>" and knows them by their own names too.
const pluginName = "session"

// writePlugin makes a plugin of the skills in a private directory. The skills
// themselves stay where they are.
func writePlugin(dir string, found map[string]string) error {
	manifest, err := json.Marshal(map[string]string{
		"name": pluginName, "version": "1.0.0", "description": "The skills of this session",
	})
	if err != nil {
		return err
	}
	home := filepath.Join(dir, ".claude-plugin")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(home, "plugin.json"), manifest, 0o600); err != nil {
		return err
	}
	return skills.Gather(filepath.Join(dir, "skills"), found)
}
