package opencode

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/drivers/scratch"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// providerList is the part of GET /config/providers that is read. What else is
// in it contains the user's keys.
type providerList struct {
	Providers []struct {
		ID     string `json:"id"`
		Models map[string]struct {
			Name  string `json:"name"`
			Limit struct {
				Context int64 `json:"context"`
			} `json:"limit"`
			Capabilities struct {
				Input map[string]bool `json:"input"`
			} `json:"capabilities"`
			Variants map[string]any `json:"variants"`
			Status   string         `json:"status"`
		} `json:"models"`
	} `json:"providers"`
	Default map[string]string `json:"default"`
}

// nativeModel is a model that can be used now.
type nativeModel struct {
	id       string // PROVIDER/MODEL
	name     string
	window   int64 // of its context, in tokens
	input    map[string]bool
	variants []string
}

// models lists the models, by provider in the agent's order, then by id.
func (l *providerList) models() []nativeModel {
	var all []nativeModel
	for _, p := range l.Providers {
		for _, id := range slices.Sorted(maps.Keys(p.Models)) {
			m := p.Models[id]
			if m.Status == "deprecated" {
				continue
			}
			all = append(all, nativeModel{
				id: p.ID + "/" + id, name: m.Name, window: m.Limit.Context,
				input: m.Capabilities.Input, variants: sortVariants(m.Variants),
			})
		}
	}
	return all
}

// first is the model that is used when nobody chose one.
func (l *providerList) first() string {
	for _, p := range l.Providers {
		if model := l.Default[p.ID]; model != "" {
			return p.ID + "/" + model
		}
	}
	return ""
}

// efforts is the order of the variants that most models have.
var efforts = []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}

func sortVariants(variants map[string]any) []string {
	return slices.SortedFunc(maps.Keys(variants), func(a, b string) int {
		x, y := slices.Index(efforts, a), slices.Index(efforts, b)
		if x < 0 || y < 0 {
			return cmp.Or(cmp.Compare(y, x), strings.Compare(a, b)) // known ones first
		}
		return x - y
	})
}

// nativeAgent is one of OpenCode's agents, which are modes here.
type nativeAgent struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Mode        string `json:"mode"` // "primary", "subagent" or "all"
	Hidden      bool   `json:"hidden"`
}

// model finds a model; nil if there is none. Its provider may be left out where
// only one has it.
func (p *place) model(id string) *nativeModel {
	var found *nativeModel
	for i := range p.models {
		m := &p.models[i]
		if m.id == id {
			return m
		}
		if _, name, _ := strings.Cut(m.id, "/"); name == id {
			if found != nil {
				return nil
			}
			found = m
		}
	}
	return found
}

// window is the size of a model's context in tokens, 0 while it isn't known; ""
// is the model that is used when nobody chose one.
func (p *place) window(model string) int64 {
	if m := p.model(cmp.Or(model, p.chosen)); m != nil {
		return m.window
	}
	return 0
}

// modes are the agents that a session can be in, in the order of the agent.
func (p *place) modes() []drivers.Mode {
	var modes []drivers.Mode
	for _, a := range p.agents {
		if a.Mode != "subagent" && !a.Hidden {
			modes = append(modes, drivers.Mode{ID: a.Name, Name: a.Name, Description: oneline.Text(a.Description)})
		}
	}
	return modes
}

// catalog is what can be chosen from.
type catalog struct {
	models drivers.Models
	modes  []drivers.Mode
	native []nativeModel
}

// catalogWait bounds the server that is started for a catalogue, which takes a
// few seconds.
const catalogWait = 60 * time.Second

// catalogKey changes with whatever the catalogue depends on: the program, the
// environment, logins and the user's configuration.
func (d *Driver) catalogKey(l *launch) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%q", l.Env)
	config := configHome(l.Env)
	for _, file := range []string{
		l.Path,
		filepath.Join(dataHome(l.Env), "auth.json"),
		config, // agents and commands come and go with their files
		filepath.Join(config, "config.json"),
		filepath.Join(config, "opencode.json"),
		filepath.Join(config, "opencode.jsonc"),
		filepath.Join(config, "agent"),
		filepath.Join(config, "agents"),
	} {
		id, err := install.Identify(file)
		if file == l.Path && err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%v", id)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// configHome and dataHome are the directories of OpenCode in an environment.
func configHome(env []string) string { return xdg(env, "XDG_CONFIG_HOME", ".config") }
func dataHome(env []string) string   { return xdg(env, "XDG_DATA_HOME", ".local/share") }

func xdg(env []string, variable, otherwise string) string {
	base := environ.Get(env, variable)
	if base == "" {
		base = filepath.Join(cmp.Or(environ.Get(env, "HOME"), environ.Get(env, "USERPROFILE")), filepath.FromSlash(otherwise))
	}
	return filepath.Join(base, "opencode")
}

// catalog returns what can be chosen from outside of any project. A server is
// started for it in an empty directory, once for each state of things.
func (d *Driver) catalog(ctx context.Context) (*catalog, error) {
	plan, err := d.planLaunch(&drivers.Config{})
	if err != nil {
		return nil, err
	}
	key, err := d.catalogKey(plan)
	if err != nil {
		return nil, err
	}
	// Of those who ask at the same time, one starts the agent.
	select {
	case d.listing <- struct{}{}:
		defer func() { <-d.listing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if known := d.known(key); known != nil {
		return known, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, catalogWait, universal.Timeout("the agent did not tell its models within %v", catalogWait))
	defer cancel()
	c, err := d.readCatalog(ctx, plan)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.catalogs) // of another state of things
	d.catalogs[key] = c
	return c, nil
}

func (d *Driver) known(key string) *catalog {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.catalogs[key]
}

func (d *Driver) readCatalog(ctx context.Context, l *launch) (*catalog, error) {
	private, err := scratch.New("", scratchPrefix)
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	defer private.Remove()
	lease, err := d.acquire(ctx, l)
	if err != nil {
		return nil, err
	}
	p := lease.Server.place(private.Path())
	err = p.open(ctx, lease.Server)
	if releaseErr := lease.Release(context.WithoutCancel(ctx)); releaseErr != nil {
		d.opts.Logger.Warn("releasing the server that lists models failed", "agent", agentID, "error", releaseErr)
	}
	if err != nil {
		return nil, err
	}
	c := &catalog{modes: p.modes(), native: p.models}
	for _, m := range p.models {
		c.models.Models = append(c.models.Models, drivers.Model{ID: m.id, Name: m.name, Variants: m.variants})
	}
	if p.model(p.chosen) != nil {
		c.models.DefaultModel = p.chosen
	}
	return c, nil
}

// Models implements drivers.Driver: those that can be used now, with the user's
// logins. Clients may ask before a session installs the program, when there are
// none.
func (d *Driver) Models(ctx context.Context) (drivers.Models, error) {
	c, err := d.catalog(ctx)
	if universal.KindOf(err) == universal.KindAgentNotInstalled {
		return drivers.Models{}, nil
	}
	if err != nil {
		return drivers.Models{}, err
	}
	return c.models, nil
}

// ListModes implements drivers.ModeLister: users can configure agents of their
// own. Those of a project are known to its sessions only.
func (d *Driver) ListModes(ctx context.Context) ([]drivers.Mode, error) {
	c, err := d.catalog(ctx)
	if err != nil {
		return nil, err
	}
	modes := d.Info().Modes
	for _, m := range c.modes {
		if !slices.ContainsFunc(modes, func(known drivers.Mode) bool { return known.ID == m.ID }) {
			modes = append(modes, m)
		}
	}
	return modes, nil
}

// hasHostedLogin tells whether the user has a login for the hosted models.
func (d *Driver) hasHostedLogin(env []string) bool {
	if environ.Get(env, "OPENCODE_API_KEY") != "" {
		return true
	}
	set := credentials.Find(credentials.Options{Getenv: environ.Getenv(env)})
	_, ok := set.Get("opencode")
	return ok
}
