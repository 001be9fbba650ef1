package opencode

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
)

// mayHaveMode tells whether there can be a mode of that name: one of OpenCode's
// own, or one that a configuration names, as a file or in one. Whether there is,
// only a server tells.
func mayHaveMode(mode, directory string, env []string) bool {
	if mode == "" || mode == drivers.ModeBuild || mode == drivers.ModePlan {
		return true
	}
	if strings.ContainsAny(mode, `/\`) {
		return false
	}
	if strings.Contains(environ.Get(env, contentVariable), strconv.Quote(mode)) {
		return true
	}
	folders := []string{configHome(env), environ.Get(env, "OPENCODE_CONFIG_DIR"), filepath.Join(environ.Get(env, "HOME"), ".opencode")}
	files := []string{environ.Get(env, "OPENCODE_CONFIG")}
	for dir := directory; dir != ""; dir = filepath.Dir(dir) {
		folders = append(folders, filepath.Join(dir, ".opencode"))
		files = append(files, configFiles(dir)...)
		if dir == filepath.Dir(dir) {
			break
		}
	}
	for _, folder := range folders {
		if folder == "" {
			continue
		}
		files = append(files, configFiles(folder)...)
		for _, kind := range []string{"agent", "agents", "mode", "modes"} {
			if _, err := os.Stat(filepath.Join(folder, kind, mode+".md")); err == nil {
				return true
			}
		}
	}
	return slices.ContainsFunc(files, func(file string) bool { return names(file, mode) })
}

func configFiles(dir string) []string {
	return []string{
		filepath.Join(dir, "opencode.json"), filepath.Join(dir, "opencode.jsonc"), filepath.Join(dir, "config.json"),
	}
}

// maxConfig is how much of a configuration is looked at, in bytes.
const maxConfig = 1 << 20

// names tells whether a configuration has a member of that name.
func names(file, member string) bool {
	if file == "" {
		return false
	}
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfig))
	return err == nil && bytes.Contains(data, []byte(strconv.Quote(member)))
}
