package claude

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// efforts are the variants that the CLI knows; which of them a model has, its
// list of models tells.
var efforts = []string{"low", "medium", "high", "xhigh", "max"}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Check implements drivers.Driver.
func (d *Driver) Check(_ context.Context, cfg *drivers.Config) error {
	if err := checkSettings(cfg.Settings); err != nil {
		return err
	}
	if err := d.checkVariant(cfg); err != nil {
		return err
	}
	if cfg.Directory != "" && (!filepath.IsAbs(cfg.Directory) || !isDir(cfg.Directory)) {
		return universal.InvalidRequest("directory %s: give the absolute path of a directory that exists", cfg.Directory)
	}
	if cfg.Resume != "" && !uuidForm.MatchString(cfg.Resume) {
		return universal.InvalidRequest("resume %q: the ids of this agent's conversations are UUIDs", cfg.Resume)
	}
	for _, name := range sortedKeys(cfg.Env) {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(cfg.Env[name], 0) {
			return universal.InvalidRequest("env: %q is no environment variable", name)
		}
	}
	if strings.ContainsRune(cfg.SystemPrompt, 0) {
		return universal.InvalidRequest("systemPrompt contains a zero byte")
	}
	if _, err := mcpServers(cfg.MCP, d.opts.Getenv); err != nil {
		return err
	}
	_, err := findSkills(cfg.Skills)
	return err
}

func checkSettings(s drivers.Settings) error {
	if s.AgentMode != "" && s.AgentMode != drivers.ModeBuild && s.AgentMode != drivers.ModePlan {
		return universal.ModeNotSupported(agentID, s.AgentMode)
	}
	if s.PermissionMode != "" && !slices.Contains(drivers.PermissionModes(), s.PermissionMode) {
		return universal.ModeNotSupported(agentID, string(s.PermissionMode))
	}
	if s.Variant != "" && !slices.Contains(efforts, s.Variant) {
		return universal.InvalidRequest("variant %q: want one of %s", s.Variant, strings.Join(efforts, ", "))
	}
	if s.Model != "" && (strings.TrimSpace(s.Model) != s.Model || strings.ContainsFunc(s.Model, func(r rune) bool { return r <= ' ' || r == 0x7F })) {
		return universal.InvalidRequest("model %q: a model's name has no spaces", s.Model)
	}
	return nil
}

// checkVariant compares the variant with the model's own, if they are known by
// now.
func (d *Driver) checkVariant(cfg *drivers.Config) error {
	if cfg.Variant == "" || cfg.Model == "" {
		return nil
	}
	for _, m := range d.knownModels() {
		if m.ID == cfg.Model && len(m.Variants) > 0 && !slices.Contains(m.Variants, cfg.Variant) {
			return universal.InvalidRequest("variant %q: model %s has %s", cfg.Variant, m.ID, strings.Join(m.Variants, ", "))
		}
	}
	return nil
}
