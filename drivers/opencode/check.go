package opencode

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/check"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

var nativeForm = regexp.MustCompile(`^ses_[0-9A-Za-z]+$`)

// Check implements drivers.Driver. What only a server can tell, the start
// checks before it makes a session: models, variants, modes of the user's own
// and the user's configuration.
func (d *Driver) Check(ctx context.Context, cfg *drivers.Config) error {
	if err := check.Settings(agentID, cfg.Settings); err != nil {
		return err
	}
	if err := check.Session(cfg); err != nil {
		return err
	}
	if cfg.Resume != "" && !nativeForm.MatchString(cfg.Resume) {
		return universal.InvalidRequest("resume %q: the ids of this agent's conversations begin with ses_", cfg.Resume)
	}
	if !mayHaveMode(cfg.AgentMode, cfg.Directory, environment(d.opts.Environ(), cfg.Env)) {
		return universal.ModeNotSupported(agentID, cfg.AgentMode).
			With("message", "choose one of: build, plan, or an agent of your own configuration")
	}
	if err := d.checkKnown(cfg); err != nil {
		return err
	}
	_, err := d.planLaunch(cfg)
	switch {
	case universal.KindOf(err) == universal.KindAgentNotInstalled:
		return nil // the start tells it, after an installation perhaps
	case err != nil:
		return err
	}
	return d.checkVersion(ctx)
}

// checkKnown compares the model with those that are known by now, of which only
// a project's own configuration could make more.
func (d *Driver) checkKnown(cfg *drivers.Config) error {
	if cfg.Model == "" || cfg.Variant == "" || len(cfg.Env) > 0 {
		return nil
	}
	plan, err := d.planLaunch(&drivers.Config{})
	if err != nil {
		return nil
	}
	key, err := d.catalogKey(plan)
	if err != nil {
		return nil
	}
	if known := d.known(key); known != nil {
		p := place{models: known.native}
		if m := p.model(cfg.Model); m != nil {
			return checkVariant(m, cfg.Variant)
		}
	}
	return nil
}

func checkVariant(m *nativeModel, variant string) error {
	if variant == "" || slices.Contains(m.variants, variant) {
		return nil
	}
	if len(m.variants) == 0 {
		return universal.InvalidRequest("variant %q: model %s has no variants", variant, m.id).With("reason", "unknown_variant")
	}
	return universal.InvalidRequest("variant %q: model %s has %s", variant, m.id, strings.Join(m.variants, ", ")).With("reason", "unknown_variant")
}

// checkSettings checks what differs from was by what the server knows of the
// session's directory, and completes a model's name.
func (s *session) checkSettings(next *drivers.Settings, was drivers.Settings) error {
	p := s.place
	if next.PermissionMode != "" && !slices.Contains(drivers.PermissionModes(), next.PermissionMode) {
		return universal.ModeNotSupported(agentID, string(next.PermissionMode))
	}
	if next.Model != was.Model || next.Variant != was.Variant {
		m := p.model(cmp.Or(next.Model, p.chosen))
		switch {
		case m == nil && next.Model != "":
			return universal.InvalidRequest("model %q: the agent has no such model; it has %s", next.Model, p.someModels()).With("reason", "unknown_model")
		case m == nil:
			return universal.InvalidRequest("variant %q: no model is chosen that could have it", next.Variant).With("reason", "unknown_variant")
		}
		if err := checkVariant(m, next.Variant); err != nil {
			return err
		}
		if next.Model != "" {
			next.Model = m.id
		}
	}
	if mode := next.AgentMode; mode != "" && mode != was.AgentMode {
		modes := p.modes()
		if !slices.ContainsFunc(modes, func(m drivers.Mode) bool { return m.ID == mode }) {
			ids := make([]string, len(modes))
			for i, m := range modes {
				ids[i] = m.ID
			}
			return universal.ModeNotSupported(agentID, mode).With("message", "choose one of: "+strings.Join(ids, ", "))
		}
	}
	return nil
}

// someModels names a few of the models.
func (p *place) someModels() string {
	const some = 10
	if len(p.models) == 0 {
		return "none: " + loginHint
	}
	var ids []string
	for _, m := range p.models[:min(some, len(p.models))] {
		ids = append(ids, m.id)
	}
	if len(p.models) > some {
		ids = append(ids, "more")
	}
	return strings.Join(ids, ", ")
}
