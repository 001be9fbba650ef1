package install

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// store is the folder of the data directory that holds an agent's installed
// versions, each in a folder of its own with a marker in it, and the name of
// the one to use in a file. That file is replaced by renaming, so whoever looks
// finds the old program or the new one.
type store struct {
	dir string
}

func newStore(dataDir, agent string) store {
	return store{dir: filepath.Join(dataDir, "agents", agent)}
}

// currentName is the file with the name of the folder to use.
const currentName = "current"

// current returns the program to use, if one is installed completely.
func (s store) current() (program string, ok bool) {
	for last := ""; ; {
		name, err := os.ReadFile(filepath.Join(s.dir, currentName))
		if err != nil {
			return "", false
		}
		folder := strings.TrimSpace(string(name))
		if !filepath.IsLocal(folder) || folder != filepath.Base(folder) {
			return "", false
		}
		_, program, ok = readMarker(filepath.Join(s.dir, folder))
		if ok || folder == last {
			return program, ok
		}
		last = folder // a reinstall may just have removed it: then there is another name by now
	}
}

// use makes a folder of the store the current one.
func (s store) use(folder string) error {
	f, err := os.CreateTemp(s.dir, stagingPrefix)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, filepath.Base(folder))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.dir, currentName))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// find returns the folder that holds a version for a platform, "" if none
// does.
func (s store) find(version string, platform Platform, pkg Package) (string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		dir := filepath.Join(s.dir, entry.Name())
		if m, _, ok := holds(dir, pkg); ok && m.Version == version && m.Platform == platform {
			return dir, nil
		}
	}
	return "", nil
}

// folders lists what is in the store. An install always makes a folder that
// wasn't there, so this tells old ones from new ones, which no clock does for
// sure.
func (s store) folders() []string {
	entries, _ := os.ReadDir(s.dir) // there may be none yet
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = filepath.Join(s.dir, entry.Name())
	}
	return names
}

// folder is a new folder for a version. A complete one that is there is not
// replaced, since an agent may be running from it and need its other files.
func (s store) folder(version string, platform Platform) string {
	dir := filepath.Join(s.dir, version+"-"+string(platform))
	if _, _, complete := readMarker(dir); complete {
		dir += "-" + rand.Text()[:8]
	}
	return dir
}
