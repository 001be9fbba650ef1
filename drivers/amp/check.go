package amp

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

var threadForm = regexp.MustCompile(`^T-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Check implements drivers.Driver. What it says of modes holds for the program
// that is installed, or for native builds where there is none.
func (d *Driver) Check(ctx context.Context, cfg *drivers.Config) error {
	g := native
	if p, err := d.program(ctx); err == nil {
		g = p.generation
	}
	if err := checkSettings(g, cfg.Settings); err != nil {
		return err
	}
	if err := check.Session(cfg); err != nil {
		return err
	}
	if cfg.Resume != "" && !threadForm.MatchString(cfg.Resume) {
		return universal.InvalidRequest("resume %q: the ids of this agent's conversations are T- and a UUID", cfg.Resume)
	}
	if _, err := mcpServers(cfg.MCP, d.opts.Getenv); err != nil {
		return err
	}
	_, err := skills.Find(agentID, cfg.Skills)
	return err
}

func checkSettings(g generation, s drivers.Settings) error {
	if !g.has(s.AgentMode) {
		var ids []string
		for _, m := range g.modes() {
			ids = append(ids, m.ID)
		}
		return universal.ModeNotSupported(agentID, s.AgentMode).With("message", "choose one of: "+strings.Join(ids, ", "))
	}
	if s.PermissionMode != "" && !slices.Contains(drivers.PermissionModes(), s.PermissionMode) {
		return universal.ModeNotSupported(agentID, string(s.PermissionMode))
	}
	if s.Model != "" && s.Model != modeModel {
		return universal.InvalidRequest("model %q: Amp has no choice of models; choose one by agentMode", s.Model)
	}
	if s.Variant != "" {
		return universal.InvalidRequest("variant %q: Amp's modes have no variants", s.Variant)
	}
	return nil
}
