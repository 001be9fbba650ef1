package claude

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/check"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/skills"
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
	if err := check.Session(cfg); err != nil {
		return err
	}
	if cfg.Resume != "" && !uuidForm.MatchString(cfg.Resume) {
		return universal.InvalidRequest("resume %q: the ids of this agent's conversations are UUIDs", cfg.Resume)
	}
	if _, err := mcpServers(cfg.MCP, d.opts.Getenv); err != nil {
		return err
	}
	_, err := skills.Find(agentID, cfg.Skills)
	return err
}

func checkSettings(s drivers.Settings) error {
	if s.AgentMode != "" && s.AgentMode != drivers.ModeBuild && s.AgentMode != drivers.ModePlan {
		return universal.ModeNotSupported(agentID, s.AgentMode)
	}
	if s.Variant != "" && !slices.Contains(efforts, s.Variant) {
		return universal.InvalidRequest("variant %q: want one of %s", s.Variant, strings.Join(efforts, ", "))
	}
	return check.Settings(agentID, s)
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
