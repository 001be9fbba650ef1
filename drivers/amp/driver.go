package amp

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// agentID is how clients name the agent.
const agentID = "amp"

// Options are what a [Driver] is made with. Only Supervisor has to be set, and
// not even that where Launch is.
type Options struct {
	// Supervisor starts the agents.
	Supervisor *process.Supervisor
	// Logger gets what nobody is told otherwise; nil discards it.
	Logger *slog.Logger
	// Locate finds the agent's program. The default looks where
	// [install.Locate] does.
	Locate func() (path string, err error)
	// Version tells which version a program is. The default asks it, once for
	// each state of its file.
	Version func(ctx context.Context, path string) (string, error)
	// Helper is the program that the JavaScript builds start to ask for
	// permissions and answers; its main function calls [RunHelperIfAsked]. The
	// default is the running executable.
	Helper string
	// Environ is the environment that agents inherit, and Getenv reads it;
	// the defaults are the bridge's own.
	Environ func() []string
	Getenv  func(string) string
	// NewID makes what is unique in a session, such as UUIDs; the default
	// makes random texts.
	NewID func() string
	// Trace is shown every line of every session, without its end, before it
	// is dealt with. It may be called by several goroutines and must not keep
	// the line. Nil traces nothing.
	Trace func(dir string, line []byte)
	// Launch starts an agent instead of [Launch] with the Supervisor.
	Launch func(ctx context.Context, spec process.Spec) (Transport, error)
}

// Driver drives Amp. Make one with [New]; it is safe for concurrent use.
type Driver struct {
	opts     Options
	versions install.Versions
	threads  threads
}

// New makes a driver. It starts nothing.
func New(opts Options) *Driver {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Environ == nil {
		opts.Environ = os.Environ
	}
	if opts.Getenv == nil {
		opts.Getenv = os.Getenv
	}
	if opts.NewID == nil {
		opts.NewID = newID
	}
	if opts.Locate == nil {
		spec, getenv := install.Amp(), opts.Getenv
		opts.Locate = func() (string, error) { return install.Locate(spec, getenv) }
	}
	d := &Driver{opts: opts}
	if opts.Version == nil {
		d.opts.Version = d.askVersion
	}
	return d
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
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
	helper := d.opts.Helper
	if helper == "" && p.generation != native {
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
