package codex

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/check"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/skills"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// efforts are the variants that models of Codex have; which of them one has,
// its list of models tells. Another service may have others.
func efforts() []string {
	return []string{"none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"}
}

// Check implements drivers.Driver.
func (d *Driver) Check(ctx context.Context, cfg *drivers.Config) error {
	if err := checkSettings(cfg.Settings); err != nil {
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
	if _, err := skills.Find(agentID, cfg.Skills); err != nil {
		return err
	}
	if err := d.checkVersion(ctx); err != nil {
		return err
	}
	return d.checkModel(ctx, cfg.Env, cfg.Settings)
}

// checkSettings checks what needs no agent.
func checkSettings(s drivers.Settings) error {
	if s.AgentMode != "" && s.AgentMode != drivers.ModeBuild && s.AgentMode != drivers.ModePlan {
		return universal.ModeNotSupported(agentID, s.AgentMode)
	}
	return check.Settings(agentID, s)
}

// checkVersion refuses an app-server that speaks otherwise. One that isn't there
// is found out by the start, which may install it.
func (d *Driver) checkVersion(ctx context.Context) error {
	path, err := d.opts.Locate()
	if err != nil {
		return nil
	}
	found, err := d.opts.Version(ctx, path)
	return d.supported.Check(found, err, d.opts.Logger.With("path", path))
}

// checkModel compares model and variant with the list of the agent.
func (d *Driver) checkModel(ctx context.Context, env map[string]string, s drivers.Settings) error {
	if s.Model == "" && s.Variant == "" {
		return nil
	}
	if _, err := d.opts.Locate(); err != nil {
		return nil // as above
	}
	c, err := d.catalog(ctx, env)
	if err != nil {
		return err
	}
	return c.check(s)
}

func (c *catalog) check(s drivers.Settings) error {
	id := cmp.Or(s.Model, c.models.DefaultModel)
	m := c.find(id)
	if m == nil && s.Model != "" && !c.custom {
		var names []string
		for _, known := range c.models.Models {
			names = append(names, known.ID)
		}
		return universal.InvalidRequest("model %q: this agent has no such model; choose one of %s", s.Model, strings.Join(names, ", "))
	}
	if s.Variant == "" {
		return nil
	}
	variants := efforts()
	if m != nil && len(m.Variants) > 0 && !c.custom {
		variants = m.Variants
	}
	if !slices.Contains(variants, s.Variant) {
		return universal.InvalidRequest("variant %q: %s has %s", s.Variant, cmp.Or(id, "this agent"), strings.Join(variants, ", "))
	}
	return nil
}
