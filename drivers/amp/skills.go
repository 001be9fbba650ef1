package amp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

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

// linkSkills makes a folder of links to the skills, which themselves stay where
// they are.
func linkSkills(dir string, skills map[string]string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, name := range sortedKeys(skills) {
		if err := link(skills[name], filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("link skill %s: %w", name, err)
		}
	}
	return nil
}

// link makes a link, or where the system lets only some users make any, a copy.
func link(target, name string) error {
	err := os.Symlink(target, name)
	if err == nil {
		return nil
	}
	info, statErr := os.Stat(target)
	switch {
	case statErr != nil:
		return err
	case info.IsDir():
		return os.CopyFS(name, os.DirFS(target))
	}
	data, readErr := os.ReadFile(target)
	if readErr != nil {
		return err
	}
	return os.WriteFile(name, data, 0o600)
}
