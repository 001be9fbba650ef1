package opencode

import (
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/version"
	"github.com/sandbox-agent/sandbox-agent/drivers/shared"
)

// agentID is how clients name the agent.
const agentID = "opencode"

// Options are what a [Driver] is made with.
type Options = program.Options[Transport]

// Driver drives OpenCode. Make one with [New]; it is safe for concurrent use.
type Driver struct {
	opts      Options
	pool      *shared.Pool[*server]
	supported version.Supported
	listing   chan struct{} // holds a token while a catalogue is read

	mu       sync.Mutex
	catalogs map[string]*catalog // by catalogKey
}

// New makes a driver. It starts nothing.
func New(opts Options) *Driver {
	return &Driver{
		opts: opts.WithDefaults(program.Own[Transport]{
			Program:     install.OpenCode(),
			Environment: environment,
			Start:       Start,
		}),
		pool:      shared.NewPool[*server](),
		supported: version.Supported{Agent: agentID, Known: knownVersion, Oldest: oldestVersion},
		listing:   make(chan struct{}, 1),
		catalogs:  map[string]*catalog{},
	}
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
