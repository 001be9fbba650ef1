package opencode

import (
	"context"
	"log/slog"
	"os"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/version"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/drivers/shared"
)

// agentID is how clients name the agent.
const agentID = "opencode"

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
	// Environ is the environment that agents inherit, and Getenv reads it;
	// the defaults are the bridge's own.
	Environ func() []string
	Getenv  func(string) string
	// Trace is shown every line of every server, without its end, before it is
	// dealt with: TraceIn what is written to the agent, TraceOut what it says.
	// It may be called by several goroutines and must not keep the line. Lines
	// may contain keys of the user. Nil traces nothing.
	Trace func(dir string, line []byte)
	// Launch starts an agent instead of Supervisor; see [Start].
	Launch func(ctx context.Context, spec process.Spec) (Transport, error)
}

// Driver drives OpenCode. Make one with [New]; it is safe for concurrent use.
type Driver struct {
	opts      Options
	pool      *shared.Pool[*server]
	versions  install.Versions
	supported version.Supported
	listing   chan struct{} // holds a token while a catalogue is read

	mu       sync.Mutex
	catalogs map[string]*catalog // by catalogKey
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
	if opts.Locate == nil {
		spec, getenv := install.OpenCode(), opts.Getenv
		opts.Locate = func() (string, error) { return install.Locate(spec, getenv) }
	}
	d := &Driver{
		supported: version.Supported{Agent: agentID, Known: knownVersion, Oldest: oldestVersion},
		opts:      opts,
		pool:      shared.NewPool[*server](),
		listing:   make(chan struct{}, 1),
		catalogs:  map[string]*catalog{},
	}
	if opts.Version == nil {
		d.opts.Version = d.askVersion
	}
	return d
}

// Info implements drivers.Driver.
func (d *Driver) Info() drivers.Info {
	return drivers.Info{
		ID:   agentID,
		Name: "OpenCode",
		Capabilities: drivers.Capabilities{
			PlanMode:         true,
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
			Status:           true,
			CommandExecution: true,
			FileChanges:      true,
			MCPTools:         true,
			StreamingDeltas:  true,
			ItemStarted:      true,
			SharedProcess:    true,

			Interrupt:             true,
			Steer:                 true,
			Resume:                true,
			ModelSwitch:           true,
			ModeSwitch:            true,
			Variants:              true,
			SystemPrompt:          true,
			Skills:                true,
			StructuredAttachments: true,
			Usage:                 true,
			Cost:                  true,
			Plan:                  true,
			PlanApproval:          false,
			Subagents:             true,
			BackgroundTasks:       false,
			SlashCommands:         true,
			Compaction:            true,
			SessionDiff:           true,
			Quota:                 false,
		},
		Lacks: map[string]string{
			"backgroundTasks": "OpenCode 1.18.33 waits for its commands and sub-agents before it ends a turn; background sub-agents are an experiment that is off.",
			"planApproval":    "OpenCode 1.18.33 ends a plan with its turn; a tool that asks whether to carry it out is an experiment that is off.",
			"quota":           "OpenCode 1.18.33 tells nothing of the limits of an account, only the errors that come of them.",
		},
		Modes: []drivers.Mode{
			{ID: drivers.ModeBuild, Name: "Build", Description: "Works on the task, asking where the permission mode says so"},
			{ID: drivers.ModePlan, Name: "Plan", Description: "Looks around and proposes a plan, without changing files"},
		},
		// It asks; by the other modes the bridge answers.
		PermissionModes: []drivers.PermissionMode{drivers.PermissionDefault},
	}
}
