// Package check refuses what is wrong with a session's configuration for every
// agent alike, before anything is started. What only one agent minds, such as
// the names of its modes, its driver checks.
//
// It looks at the machine only to see whether the directory exists. Each error
// is a *universal.Error.
package check

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Settings checks the permission mode, which has to be one of
// [drivers.PermissionModes], and the form of the model's name.
func Settings(agent string, s drivers.Settings) error {
	if s.PermissionMode != "" && !slices.Contains(drivers.PermissionModes(), s.PermissionMode) {
		return universal.ModeNotSupported(agent, string(s.PermissionMode))
	}
	if strings.TrimSpace(s.Model) != s.Model || strings.ContainsFunc(s.Model, func(r rune) bool { return r <= ' ' || r == 0x7F }) {
		return universal.InvalidRequest("model %q: a model's name has no spaces", s.Model)
	}
	return nil
}

// Session checks what stays the same for a whole session: its directory, its
// environment and its system prompt.
func Session(cfg *drivers.Config) error {
	if cfg.Directory != "" && (!filepath.IsAbs(cfg.Directory) || !isDir(cfg.Directory)) {
		return universal.InvalidRequest("directory %s: give the absolute path of a directory that exists", cfg.Directory)
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Env)) {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(cfg.Env[name], 0) {
			return universal.InvalidRequest("env: %q is no environment variable", name)
		}
	}
	if strings.ContainsRune(cfg.SystemPrompt, 0) {
		return universal.InvalidRequest("systemPrompt contains a zero byte")
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
