package drivertest

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const noSuchMode = "no-such-mode"

func (r *run) info() {
	info := r.driver.Info()
	if again := r.driver.Info(); !reflect.DeepEqual(info, again) {
		r.Errorf("Info changes from %+v to %+v", info, again)
	}
	if info.ID == "" || info.Name == "" {
		r.Errorf("ID is %q and Name is %q, want both", info.ID, info.Name)
	}
	if len(info.Modes) == 0 {
		r.Error("Modes is empty: the first is the default")
	}
	modes := map[string]bool{}
	for _, m := range info.Modes {
		if m.ID == "" || m.Name == "" || m.Description == "" || modes[m.ID] {
			r.Errorf("mode %+v is incomplete or listed twice", m)
		}
		modes[m.ID] = true
	}
	permissions := map[drivers.PermissionMode]bool{}
	for _, m := range info.PermissionModes {
		if !slices.Contains(drivers.PermissionModes(), m) || permissions[m] {
			r.Errorf("permission mode %q is unknown or listed twice", m)
		}
		permissions[m] = true
	}
	if !permissions[drivers.PermissionDefault] {
		r.Error("PermissionModes lacks default, which every agent keeps by itself")
	}
	if got := modes[drivers.ModePlan] || permissions[drivers.PermissionPlan]; got != info.Capabilities.PlanMode {
		r.Errorf("the flag planMode is %v, but modes %v and permission modes %v say %v", info.Capabilities.PlanMode, info.Modes, info.PermissionModes, got)
	}
}

func (r *run) probe() {
	p := r.driver.Probe(r.Context())
	if !p.Installed || p.Version == "" || p.Problem != "" {
		r.Errorf("Probe returns %+v, want an installed agent with a version", p)
	}
	if !slices.Contains([]drivers.Login{drivers.LoginYes, drivers.LoginNo, drivers.LoginUnknown}, p.Login) || p.LoginDetail == "" {
		r.Errorf("Probe returns login %q, %q, want a known state and words for it", p.Login, p.LoginDetail)
	}
	over, cancel := context.WithCancel(r.Context())
	cancel()
	r.driver.Probe(over)
}

func (r *run) models() {
	models, err := r.driver.Models(r.Context())
	if err != nil {
		r.Fatalf("Models: %v", err)
	}
	seen := map[string]bool{}
	for _, m := range models.Models {
		if m.ID == "" || seen[m.ID] {
			r.Errorf("model %+v has no id or is listed twice", m)
		}
		if m.DefaultVariant != "" && !slices.Contains(m.Variants, m.DefaultVariant) {
			r.Errorf("model %s: the default variant %q is none of %q", m.ID, m.DefaultVariant, m.Variants)
		}
		if len(m.Variants) > 0 && !r.can.Variants {
			r.Errorf("model %s has variants, but the flag variants is false", m.ID)
		}
		seen[m.ID] = true
	}
	if models.DefaultModel != "" && !seen[models.DefaultModel] {
		r.Errorf("the default model %q is not listed", models.DefaultModel)
	}
}

func (r *run) checkGood() {
	cfg := r.subject.Config(r)
	before := cfg
	before.Env, before.MCP, before.Skills = maps.Clone(cfg.Env), maps.Clone(cfg.MCP), slices.Clone(cfg.Skills)
	if err := r.driver.Check(r.Context(), &cfg); err != nil {
		r.Fatalf("Check: %v", err)
	}
	if !reflect.DeepEqual(before, cfg) {
		r.Errorf("Check changed the configuration from %+v to %+v", before, cfg)
	}
	r.startWith(cfg)
}

func (r *run) checkModes() {
	for _, spoil := range []func(*drivers.Config){
		func(cfg *drivers.Config) { cfg.AgentMode = noSuchMode },
		func(cfg *drivers.Config) { cfg.PermissionMode = noSuchMode },
	} {
		cfg := r.subject.Config(r)
		spoil(&cfg)
		r.wantKind("Check", r.driver.Check(r.Context(), &cfg), universal.KindModeNotSupported, universal.KindInvalidRequest)
		rec := NewRecorder(r.subject.Timeout)
		s, err := r.driver.Start(r.Context(), cfg, rec)
		r.wantKind("Start", err, universal.KindModeNotSupported, universal.KindInvalidRequest)
		if s != nil {
			r.Errorf("Start returns a session along with the error")
		}
		r.wantSilence(rec)
	}
}

// wantSilence checks that a sink was never called.
func (r *run) wantSilence(rec *Recorder) {
	r.Helper()
	if events, exits := rec.Events(0), rec.Exits(); len(events)+len(exits) > 0 {
		r.Errorf("Start failed, but %d exits were told and events emitted:\n%s", len(exits), Skeleton(events))
	}
}

func (r *run) checkUnsupported() {
	for _, c := range []struct {
		what  string
		can   bool
		spoil func(*drivers.Config)
	}{
		{"resume", r.can.Resume, func(cfg *drivers.Config) { cfg.Resume = "some-conversation" }},
		{"a system prompt", r.can.SystemPrompt, func(cfg *drivers.Config) { cfg.SystemPrompt = "Be brief." }},
		{"skills", r.can.Skills, func(cfg *drivers.Config) {
			cfg.Skills = []drivers.SkillSource{{Type: "local", Source: cfg.Directory}}
		}},
		{"MCP servers", r.can.MCPTools, func(cfg *drivers.Config) {
			cfg.MCP = map[string]drivers.MCPServer{"some": {Type: "local", Command: []string{"some-server"}}}
		}},
	} {
		if c.can {
			continue // other cases use it
		}
		cfg := r.subject.Config(r)
		c.spoil(&cfg)
		r.wantKind("Check with "+c.what, r.driver.Check(r.Context(), &cfg), universal.KindNotSupported)
	}
}

func (r *run) startCancelled() {
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	rec := NewRecorder(r.subject.Timeout)
	s, err := r.driver.Start(ctx, r.subject.Config(r), rec)
	if err == nil {
		r.Cleanup(func() { _ = s.Close(context.Background()) })
		r.Fatal("Start succeeds although its context is over")
	}
	r.wantSilence(rec)
}

func (r *run) startCancelledMidway() {
	ctx, cancel := context.WithCancel(r.Context())
	rec := NewRecorder(r.subject.Timeout)
	done := make(chan struct{})
	go func() {
		defer close(done)
		cancel()
	}()
	s, err := r.driver.Start(ctx, r.subject.Config(r), rec)
	<-done
	if err == nil {
		(&conversation{Session: s, run: r, rec: rec}).finish()
		return
	}
	said := rec.Len()
	if err := r.driver.Check(r.Context(), new(r.subject.Config(r))); err != nil {
		r.Errorf("Check after a cancelled Start: %v", err)
	}
	if len(rec.Exits()) > 0 || rec.Len() != said {
		r.Error("the sink is called after Start has failed")
	}
}
