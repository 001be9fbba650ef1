package codex

import (
	"path/filepath"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
)

// Codex names the files of a turn's diff relative to the nearest directory with
// a .git, from the thread's own upwards (seen with 0.169.0). That is another one
// in the middle of a session when a .git comes or goes: its own sandbox lays one
// into every writable directory, /tmp too, while a command runs. Our names are
// always relative to the session's directory, as all other diffs have them.

// patched is the absolute paths of the files that a turn's patches name.
type patched map[string]bool

func (p *patched) add(paths ...string) {
	if *p == nil {
		*p = patched{}
	}
	for _, path := range paths {
		if path != "" {
			(*p)[path] = true
		}
	}
}

// place returns a diff with its names relative to dir. It stays as it is where
// its files aren't known.
func (p patched) place(text, dir string) string {
	names := diff.Names(text)
	for root := dir; len(names) > 0; root = filepath.Dir(root) {
		if placed, ok := p.below(root, names); ok {
			return diff.Rename(text, func(name string) string { return diff.Name(dir, placed[name]) })
		}
		if root == filepath.Dir(root) {
			break
		}
	}
	return text
}

// below finds the files that names mean if they are relative to root; ok is
// false if they can't be.
func (p patched) below(root string, names []string) (paths map[string]string, ok bool) {
	paths = make(map[string]string, len(names))
	for _, name := range names {
		path := filepath.FromSlash(name)
		if !filepath.IsAbs(path) {
			path = filepath.Join(root, path)
		}
		if !p[path] {
			return nil, false
		}
		paths[name] = path
	}
	return paths, true
}
