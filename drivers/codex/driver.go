package codex

import (
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/version"
	"github.com/sandbox-agent/sandbox-agent/drivers/shared"
)

// agentID is how clients name the agent.
const agentID = "codex"

// Options are what a [Driver] is made with.
type Options = program.Options[Transport]

// Driver drives Codex. Make one with [New]; it is safe for concurrent use.
type Driver struct {
	opts      Options
	servers   *shared.Pool[*server]
	supported version.Supported
	listing   chan struct{} // holds a token while models are listed

	mu       sync.Mutex
	catalogs map[string]*catalog // by the state of what they depend on
	started  int                 // numbers sessions
}

// New makes a driver. It starts nothing.
func New(opts Options) *Driver {
	return &Driver{
		opts: opts.WithDefaults(program.Own[Transport]{
			Program:     install.Codex(),
			VersionWord: 1, // "codex-cli 0.169.0"
			Environment: environment,
			Start:       start,
		}),
		supported: version.Supported{Agent: agentID, Known: knownVersion, Oldest: oldestVersion},
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
