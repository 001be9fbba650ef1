// Package skills finds the skills that a session is given, and gathers them in a
// directory of the session's own for agents that want them in one place.
//
// A skill is a folder with a file SKILL.md, of which nothing more is read: what
// is wrong in it is the agent's to tell. The skills themselves are never changed
// and stay where they are. Only directories of this machine are looked at;
// nothing is fetched.
package skills

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// File is the name of the file that makes a folder a skill.
const File = "SKILL.md"

// Find returns the folders of the skills by name; of two of one name the later
// one counts. An error is a *universal.Error that says what is wrong with which
// source, in the name of the agent.
func Find(agent string, sources []drivers.SkillSource) (map[string]string, error) {
	found := map[string]string{}
	for _, source := range sources {
		if source.Type != "" && source.Type != "local" {
			return nil, universal.NotSupported(agent, "skills of type "+source.Type+"; fetch them and give the directory with type local")
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
		there, err := in(root)
		if err != nil {
			return nil, universal.InvalidRequest("skill source %s: %v", source.Source, err)
		}
		for _, name := range source.Skills {
			if there[name] == "" {
				return nil, universal.InvalidRequest("skill source %s has no skill %q: there is no %s", source.Source, name, filepath.Join(name, File))
			}
		}
		for name, dir := range there {
			if len(source.Skills) == 0 || slices.Contains(source.Skills, name) {
				found[name] = dir
			}
		}
	}
	return found, nil
}

// in finds the skills of a directory: itself, its folders, or the ones in its
// folder "skills".
func in(root string) (map[string]string, error) {
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
		return nil, fmt.Errorf("no folder with a %s was found", File)
	}
	return skills, nil
}

func isSkill(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, File))
	return err == nil && info.Mode().IsRegular()
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Gather makes dir and puts each skill into it under its name: as a link or,
// where the system lets only some users make links, as a copy.
func Gather(dir string, skills map[string]string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("gather skills: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(skills)) {
		link := filepath.Join(dir, name)
		if err := os.Symlink(skills[name], link); err == nil {
			continue
		}
		if err := os.CopyFS(link, os.DirFS(skills[name])); err != nil {
			return fmt.Errorf("gather skills: copy %s: %w", name, err)
		}
	}
	return nil
}
