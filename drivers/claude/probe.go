package claude

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/drivers/scratch"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// modelsWait bounds the session that lists models, which takes a second or two.
const modelsWait = 30 * time.Second

// Probe implements drivers.Driver.
func (d *Driver) Probe(ctx context.Context) drivers.Probe {
	p := program.Probe(ctx, d.opts.Locate, d.opts.Version)
	if p.Path != "" && !p.Installed {
		p.Login = drivers.LoginUnknown // the program can't be asked
		return p
	}
	p.Login, p.LoginDetail = d.login(ctx, p.Path)
	return p
}

// run runs the program for a short answer on stdout.
func (d *Driver) run(ctx context.Context, path string, env []string, args ...string) ([]byte, error) {
	return process.Output(ctx, d.opts.Launch, process.Spec{
		Path: path,
		Args: args,
		Env:  env,
	})
}

// aliases are the models that every version of the CLI has.
func aliases() drivers.Models {
	return drivers.Models{
		Models:       []drivers.Model{{ID: defaultModel}, {ID: "sonnet"}, {ID: "opus"}, {ID: "haiku"}},
		DefaultModel: defaultModel,
	}
}

// Models implements drivers.Driver. The CLI tells its list when it is started;
// a session is started for it in an empty directory, once per program. Clients
// may ask before a session installs the program, and get the aliases then.
func (d *Driver) Models(ctx context.Context) (drivers.Models, error) {
	path, err := d.opts.Locate()
	if universal.KindOf(err) == universal.KindAgentNotInstalled {
		return aliases(), nil
	}
	if err != nil {
		return drivers.Models{}, err
	}
	id, err := install.Identify(path)
	if err != nil {
		return drivers.Models{}, fmt.Errorf("list models: %w", err)
	}
	// Of those who ask at the same time, one starts the agent.
	select {
	case d.listing <- struct{}{}:
		defer func() { <-d.listing }()
	case <-ctx.Done():
		return drivers.Models{}, context.Cause(ctx)
	}
	d.mu.Lock()
	models, known := d.models[id]
	d.mu.Unlock()
	if known {
		return models, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, modelsWait, universal.Timeout("the agent did not tell its models within %v", modelsWait))
	defer cancel()
	private, err := scratch.New("", scratchPrefix)
	if err != nil {
		return drivers.Models{}, fmt.Errorf("list models: %w", err)
	}
	defer private.Remove()
	s, info, err := d.start(ctx, &drivers.Config{Directory: private.Path()}, nobody{}, "--no-session-persistence")
	if err != nil {
		return drivers.Models{}, err
	}
	if err := s.Close(ctx); err != nil {
		d.opts.Logger.Debug("closing the session that lists models failed", "error", err)
	}
	models = info.modelList()
	d.mu.Lock()
	d.models[id] = models
	d.mu.Unlock()
	return models, nil
}

// knownModels are those of the last list that was asked for.
func (d *Driver) knownModels() []drivers.Model {
	path, err := d.opts.Locate()
	if err != nil {
		return nil
	}
	id, err := install.Identify(path)
	if err != nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.models[id].Models
}

// nobody is the sink of a session that nobody talks to.
type nobody struct{}

func (nobody) Emit([]universal.Event) {}
func (nobody) Background(int)         {}
func (nobody) Exit(drivers.Exit)      {}

func decodeInitialized(answer json.RawMessage) (*initialized, error) {
	var i initialized
	if err := json.Unmarshal(answer, &i); err != nil {
		return nil, fmt.Errorf("read the agent's answer to initialize: %w", err)
	}
	return &i, nil
}

// defaultModel is what the CLI calls its own choice.
const defaultModel = "default"

// modelList is the CLI's list in our words.
func (i *initialized) modelList() drivers.Models {
	var list drivers.Models
	for _, m := range i.Models {
		list.Models = append(list.Models, drivers.Model{ID: m.Value, Name: m.DisplayName, Variants: m.EffortLevels})
		if m.Value == defaultModel {
			list.DefaultModel = m.Value
		}
	}
	if list.DefaultModel == "" && len(list.Models) > 0 {
		list.DefaultModel = list.Models[0].ID
	}
	return list
}
