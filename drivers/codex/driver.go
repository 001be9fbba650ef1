package codex

import (
	"context"
	"log/slog"
	"os"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/uuid"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/version"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/drivers/shared"
)

// agentID is how clients name the agent.
const agentID = "codex"

// Options are what a [Driver] is made with. Only Supervisor has to be set, and
// not even that where Launch is.
type Options struct {
	// Supervisor starts the agent.
	Supervisor *process.Supervisor
	// Logger gets what nobody is told otherwise; nil discards it.
	Logger *slog.Logger
	// Locate finds the agent's program. The default looks where
	// [install.Locate] does.
	Locate func() (path string, err error)
	// Environ is the environment that the agent inherits, and Getenv reads
	// it; the defaults are the bridge's own.
	Environ func() []string
	Getenv  func(string) string
	// NewID makes ids that are unique; the default makes random UUIDs.
	NewID func() string
	// Trace is shown every line of every app-server, without its end, before
	// it is dealt with: TraceIn what is written to the agent, TraceOut what it
	// prints. It may be called by several goroutines and must not keep the
	// line. Nil traces nothing.
	Trace func(dir string, line []byte)
	// Launch starts a process instead of Supervisor.
	Launch func(ctx context.Context, spec process.Spec) (Transport, error)
}

// Driver drives Codex. Make one with [New]; it is safe for concurrent use.
type Driver struct {
	opts    Options
	servers *shared.Pool[*server]
	listing chan struct{} // holds a token while models are listed

	versions  install.Versions
	supported version.Supported

	mu       sync.Mutex
	catalogs map[string]*catalog // by the state of what they depend on
	started  int                 // numbers sessions
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
		opts.NewID = uuid.New
	}
	if opts.Locate == nil {
		spec, getenv := install.Codex(), opts.Getenv
		opts.Locate = func() (string, error) { return install.Locate(spec, getenv) }
	}
	return &Driver{
		supported: version.Supported{Agent: agentID, Known: knownVersion, Oldest: oldestVersion},
		opts:      opts,
		servers:   shared.NewPool[*server](),
		listing:   make(chan struct{}, 1),
		catalogs:  map[string]*catalog{},
	}
}

// Info implements drivers.Driver.
func (d *Driver) Info() drivers.Info {
	return drivers.Info{
		ID:   agentID,
		Name: "Codex",
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
			Cost:                  false,
			Plan:                  true,
			PlanApproval:          true,
			Subagents:             true,
			BackgroundTasks:       true,
			SlashCommands:         true,
			Compaction:            true,
			SessionDiff:           true,
			Quota:                 true,
		},
		Lacks: map[string]string{
			"cost": "Codex 0.169.0 tells tokens and the limits of the account, and nowhere an amount of money.",
		},
		Modes: []drivers.Mode{
			{ID: drivers.ModeBuild, Name: "Build", Description: "Works on the task, asking where the permission mode says so"},
			{ID: drivers.ModePlan, Name: "Plan", Description: "Looks around in a read-only sandbox and proposes a plan, which waits for approval"},
		},
		PermissionModes: []drivers.PermissionMode{
			drivers.PermissionDefault,
			drivers.PermissionPlan,
			drivers.PermissionBypass,
		},
	}
}
