package codex

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// modelsWait bounds the app-server that lists models, which takes a fraction of
// a second.
const modelsWait = 30 * time.Second

// catalog is what can be asked for.
type catalog struct {
	models drivers.Models
	// hidden are models that can be asked for and aren't offered.
	hidden []drivers.Model
	// custom says that a service of the user's own is used, whose models the
	// list doesn't have.
	custom bool
}

// Models implements drivers.Driver: they are those that the program has built
// in, for the service of its vendor. A service of the user's own may have
// others, of which the one that the configuration names is listed.
func (d *Driver) Models(ctx context.Context) (drivers.Models, error) {
	c, err := d.catalog(ctx, nil)
	if err != nil {
		return drivers.Models{}, err
	}
	return c.models, nil
}

// catalog asks once for each state of things. A running app-server is used for
// it; otherwise one is started and stopped.
func (d *Driver) catalog(ctx context.Context, env map[string]string) (*catalog, error) {
	spec, key, err := d.serverFor(env)
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
	id := serverKey(spec.Path, spec.Args, spec.Env)
	state, err := catalogState(spec, id)
	if err != nil {
		return nil, err
	}
	if known := d.known(state); known != nil {
		return known, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, modelsWait, universal.Timeout("the agent did not tell its models within %v", modelsWait))
	defer cancel()
	lease, err := d.servers.Acquire(ctx, id, func(ctx context.Context) (*server, error) { return d.startServer(ctx, spec, key) })
	if err != nil {
		return nil, err
	}
	c, err := lease.Server.readCatalog(ctx)
	if stopErr := lease.Release(context.WithoutCancel(ctx)); stopErr != nil {
		d.opts.Logger.Debug("stopping the app-server that lists models failed", "error", stopErr)
	}
	var no *rpcError
	switch {
	case errors.As(err, &no) && isBrokenConfiguration(no.Message):
		return nil, startRefused(no)
	case err != nil:
		return nil, fmt.Errorf("list models: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.catalogs) == maxCatalogs {
		clear(d.catalogs)
	}
	d.catalogs[state] = c
	return c, nil
}

// maxCatalogs bounds how many catalogues are kept: sessions with environments of
// their own have their own ones.
const maxCatalogs = 32

func (d *Driver) known(state string) *catalog {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.catalogs[state]
}

// catalogState changes with whatever a catalogue depends on: the program, its
// environment, the user's configuration and login.
func catalogState(spec process.Spec, server string) (string, error) {
	program, err := install.Identify(spec.Path)
	if err != nil {
		return "", err
	}
	home := environ.Get(spec.Env, "CODEX_HOME")
	if home == "" {
		home = filepath.Join(cmp.Or(environ.Get(spec.Env, "HOME"), environ.Get(spec.Env, "USERPROFILE")), ".codex")
	}
	state := fmt.Sprintf("%s %v", server, program)
	for _, name := range []string{"config.toml", "auth.json"} {
		file, err := install.Identify(filepath.Join(home, name))
		if err != nil {
			file = install.Identity{} // it need not be there
		}
		state += fmt.Sprintf(" %v", file)
	}
	return state, nil
}

type modelListParams struct {
	IncludeHidden bool   `json:"includeHidden"`
	Cursor        string `json:"cursor,omitempty"`
}

type modelPage struct {
	Data []struct {
		Model   string `json:"model"`
		Name    string `json:"displayName"`
		Hidden  bool   `json:"hidden"`
		Default bool   `json:"isDefault"`
		Effort  string `json:"defaultReasoningEffort"`
		Efforts []struct {
			Effort string `json:"reasoningEffort"`
		} `json:"supportedReasoningEfforts"`
	} `json:"data"`
	Next string `json:"nextCursor"`
}

// maxModelPages bounds how often a further page of models is asked for.
const maxModelPages = 20

func (srv *server) readCatalog(ctx context.Context) (*catalog, error) {
	var c catalog
	params := modelListParams{IncludeHidden: true}
	for range maxModelPages {
		result, err := srv.call(ctx, "model/list", params, nil)
		if err != nil {
			return nil, err
		}
		var page modelPage
		if err := json.Unmarshal(result, &page); err != nil {
			return nil, err
		}
		c.add(&page)
		if page.Next == "" {
			break
		}
		params.Cursor = page.Next
	}
	result, err := srv.call(ctx, "config/read", nothing{}, nil)
	if err != nil {
		return nil, err
	}
	var config struct {
		Config struct {
			Model    string `json:"model"`
			Provider string `json:"model_provider"`
		} `json:"config"`
	}
	if err := json.Unmarshal(result, &config); err != nil {
		return nil, err
	}
	c.custom = config.Config.Provider != "" && config.Config.Provider != "openai"
	c.prefer(config.Config.Model)
	return &c, nil
}

func (c *catalog) add(page *modelPage) {
	for _, m := range page.Data {
		model := drivers.Model{ID: m.Model, Name: m.Name, DefaultVariant: m.Effort}
		for _, e := range m.Efforts {
			model.Variants = append(model.Variants, e.Effort)
		}
		if m.Hidden {
			c.hidden = append(c.hidden, model)
			continue
		}
		c.models.Models = append(c.models.Models, model)
		if m.Default {
			c.models.DefaultModel = m.Model
		}
	}
}

// prefer takes the model of the user's configuration for the default.
func (c *catalog) prefer(model string) {
	if model == "" {
		return
	}
	c.models.DefaultModel = model
	if m := c.find(model); m == nil || c.isHidden(model) {
		if m == nil {
			m = &drivers.Model{ID: model}
		}
		c.models.Models = append(c.models.Models, *m)
	}
}

// find returns a model, nil if it isn't known.
func (c *catalog) find(id string) *drivers.Model {
	for _, list := range [][]drivers.Model{c.models.Models, c.hidden} {
		for i := range list {
			if list[i].ID == id {
				return &list[i]
			}
		}
	}
	return nil
}

func (c *catalog) isHidden(id string) bool {
	for _, m := range c.models.Models {
		if m.ID == id {
			return false
		}
	}
	return true
}
