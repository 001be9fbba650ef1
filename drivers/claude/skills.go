package claude

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// pluginName is the plugin that brings a session its skills; the agent shows
// them as "session:<skill>" and knows them by their own names too.
const pluginName = "session"

const skillFile = "SKILL.md"

// findSkills returns the directories of the skills of a session by name.
func findSkills(sources []drivers.SkillSource) (map[string]string, error) {
	found := map[string]string{}
	for _, source := range sources {
		if source.Type != "" && source.Type != "local" {
			return nil, universal.NotSupported(agentID, "skills of type "+source.Type+"; fetch them and give the directory with type local")
		}
		root := source.Source
		if source.Subpath != "" {
			if !filepath.IsLocal(source.Subpath) {
				return nil, universal.InvalidRequest("skill source %s: subpath %q leads out of it", source.Source, source.Subpath)
			}
			root = filepath.Join(root, source.Subpath)
		}
		root, err := filepath.Abs(root)
		if err != nil {
			return nil, universal.InvalidRequest("skill source %s: %v", source.Source, err)
		}
		skills, err := skillsIn(root)
		if err != nil {
			return nil, universal.InvalidRequest("skill source %s: %v", source.Source, err)
		}
		for _, name := range source.Skills {
			if skills[name] == "" {
				return nil, universal.InvalidRequest("skill source %s has no skill %q: there is no %s", source.Source, name, filepath.Join(name, skillFile))
			}
		}
		for name, dir := range skills {
			if len(source.Skills) == 0 || slices.Contains(source.Skills, name) {
				found[name] = dir
			}
		}
	}
	return found, nil
}

// skillsIn finds the skills of a directory: itself, its folders, or the ones in
// its folder "skills".
func skillsIn(root string) (map[string]string, error) {
	if isSkill(root) {
		return map[string]string{filepath.Base(root): root}, nil
	}
	skills := map[string]string{}
	for _, dir := range []string{filepath.Join(root, "skills"), root} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			if dir != root && (errors.Is(err, fs.ErrNotExist) || !isDir(dir)) {
				continue
			}
			return nil, err
		}
		for _, e := range entries {
			if path := filepath.Join(dir, e.Name()); isSkill(path) {
				skills[e.Name()] = path
			}
		}
	}
	if len(skills) == 0 {
		return nil, fmt.Errorf("no folder with a %s was found", skillFile)
	}
	return skills, nil
}

func isSkill(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, skillFile))
	return err == nil && info.Mode().IsRegular()
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// writePlugin makes a plugin of the skills in a private directory. The skills
// themselves stay where they are.
func writePlugin(dir string, skills map[string]string) error {
	manifest, err := json.Marshal(map[string]string{
		"name": pluginName, "version": "1.0.0", "description": "The skills of this session",
	})
	if err != nil {
		return err
	}
	for _, sub := range []string{".claude-plugin", "skills"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".claude-plugin", "plugin.json"), manifest, 0o600); err != nil {
		return err
	}
	for _, name := range sortedKeys(skills) {
		link := filepath.Join(dir, "skills", name)
		if err := os.Symlink(skills[name], link); err == nil {
			continue
		}
		// Windows lets only some users make links.
		if err := os.CopyFS(link, os.DirFS(skills[name])); err != nil {
			return fmt.Errorf("copy skill %s: %w", name, err)
		}
	}
	return nil
}
