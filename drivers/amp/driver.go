package amp

import (
	"context"
	"fmt"
	"os"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// agentID is how clients name the agent.
const agentID = "amp"

// Options are what a [Driver] is made with. The JavaScript builds ask for
// permissions and answers by starting the running executable again: its main
// function calls [RunHelperIfAsked].
type Options = program.Options[Transport]

// Driver drives Amp. Make one with [New]; it is safe for concurrent use.
type Driver struct {
	opts    Options
	threads threads
}

// New makes a driver. It starts nothing.
func New(opts Options) *Driver {
	return &Driver{opts: opts.WithDefaults(program.Own[Transport]{
		Program:     install.Amp(),
		Environment: environment,
		Start:       start,
	})}
}

// Info implements drivers.Driver.
func (d *Driver) Info() drivers.Info {
	return drivers.Info{
		ID:   agentID,
		Name: "Amp",
		Capabilities: drivers.Capabilities{
			Permissions:      true,
			Questions:        true,
			ToolCalls:        true,
			ToolResults:      true,
			TextMessages:     true,
			Images:           true,
			FileAttachments:  true,
			SessionLifecycle: true,
			ErrorEvents:      true,
			Reasoning:        true,
			CommandExecution: true,
			FileChanges:      true,
			MCPTools:         true,

			Interrupt:             true,
			Steer:                 true,
			Resume:                true,
			ModeSwitch:            true,
			SystemPrompt:          true,
			Skills:                true,
			StructuredAttachments: true,
			Usage:                 true,
			Subagents:             true,
			SessionDiff:           true,
		},
		Lacks:           lacks(),
		Modes:           native.modes(),
		PermissionModes: []drivers.PermissionMode{drivers.PermissionDefault, drivers.PermissionBypass},
	}
}

// lacks says why flags are false, as seen with the version that it names.
func lacks() map[string]string {
	const seen = " (0.0.1790142911)"
	return map[string]string{
		"planMode":        "Amp has no mode that only plans; the permission mode plan is kept by the bridge" + seen + ".",
		"streamingDeltas": "Amp's CLI prints whole messages only: the pieces on the way from its service are never printed" + seen + ".",
		"itemStarted":     "Amp's CLI prints a message when it is complete, and nothing at its beginning" + seen + ".",
		"sharedProcess":   "Amp's CLI runs one thread in each process" + seen + ".",
		"status":          "Amp's CLI prints messages, calls and results, and nothing of what it is busy with beside them" + seen + ".",
		"modelSwitch":     "Amp has no choice of models: a mode is a model with its prompt and tools, and modes can be switched" + seen + ".",
		"variants":        "Amp's modes have no variants" + seen + ".",
		"cost":            "Amp's CLI tells tokens and no cost" + seen + ".",
		"plan":            "Amp offers its model no tool for a task list" + seen + ".",
		"planApproval":    "Amp has no mode that only plans, and so no plan to approve" + seen + ".",
		"backgroundTasks": "Amp's CLI ends with the turn, and what it started in the background ends with it" + seen + ".",
		"slashCommands":   "Amp's slash commands exist in its terminal only, not in execute mode" + seen + ".",
		"compaction":      "Amp's service compacts by itself and the CLI prints nothing of it" + seen + ".",
		"quota":           "Amp's CLI tells of limits by errors only, which have the category usage_limit or rate_limit" + seen + ".",
	}
}

// installed is what is known of the CLI that was found.
type installed struct {
	path       string
	version    string
	generation generation
	known      bool // its version was understood
}

func (d *Driver) program(ctx context.Context) (installed, error) {
	path, err := d.opts.Locate()
	if err != nil {
		return installed{}, err
	}
	version, err := d.version(ctx, path)
	if err != nil {
		return installed{}, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	g, known := generationOf(version)
	return installed{path, version, g, known}, nil
}

// Start implements drivers.Driver. No process runs before the first message,
// but for one that asks whether a thread to resume exists; so a key that Amp's
// service refuses turns out then.
func (d *Driver) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, program.NotStarted(ctx, agentID, err)
	}
	if err := d.Check(ctx, &cfg); err != nil {
		return nil, err
	}
	p, err := d.program(ctx)
	switch {
	case universal.KindOf(err) == universal.KindAgentNotInstalled:
		return nil, err
	case err != nil:
		return nil, program.NotStarted(ctx, agentID, err)
	case !p.known:
		d.opts.Logger.Warn("amp has a version that is not understood; it is taken for a new one", "version", p.version)
	}
	env := environment(d.opts.Environ(), cfg.Env)
	if err := checkLogin(environ.Getenv(env)); err != nil {
		return nil, err
	}
	if err := d.checkThread(ctx, p, cfg.Resume, cfg.Directory, env); err != nil {
		return nil, err
	}
	helper := ""
	if p.generation != native {
		if helper, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("start amp: find the program that asks for permissions: %w", err)
		}
	}
	place, err := prepare(&cfg, surroundings{
		getenv: environ.Getenv(env), config: configHome(environ.Getenv(env)), delegate: helper, generation: p.generation,
	}, d.opts.Getenv)
	if err != nil {
		return nil, err
	}
	return newSession(d, p, cfg, inWorkplace(env, place), place, sink), nil
}
