package mock

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/skills"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// ID is the agent's name.
const ID = "mock"

// Options change how the agent behaves. The zero value is ready.
type Options struct {
	// Pace is the delay before each event of a turn but the first. Clients
	// that expect the v0.1 mock want 200 ms.
	Pace time.Duration
}

// Driver is the mock agent. It implements [drivers.Driver].
type Driver struct {
	pace     time.Duration
	commands []command
	byWord   map[string]*command
	prompts  map[string]func(*turn) // fixed ones, by their whole text in lower case
	memory   *memory
}

// New returns a driver with an empty memory.
func New(opts Options) *Driver {
	d := &Driver{pace: opts.Pace, commands: commandTable(), prompts: fixedPrompts(), memory: newMemory(maxConversations)}
	d.byWord = make(map[string]*command, 2*len(d.commands))
	for i := range d.commands {
		for _, word := range d.commands[i].words {
			d.byWord[word] = &d.commands[i]
		}
	}
	return d
}

// Info describes the agent.
func (d *Driver) Info() drivers.Info {
	return drivers.Info{
		ID:   ID,
		Name: "Mock",
		Capabilities: drivers.Capabilities{
			PlanMode: true, Permissions: true, Questions: true, ToolCalls: true, ToolResults: true,
			TextMessages: true, Images: true, FileAttachments: true, SessionLifecycle: true,
			ErrorEvents: true, Reasoning: true, Status: true, CommandExecution: true,
			FileChanges: true, MCPTools: true, StreamingDeltas: true, ItemStarted: true,
			SharedProcess: false,

			Interrupt: true, Steer: true, Resume: true, ModelSwitch: true, ModeSwitch: true,
			Variants: true, SystemPrompt: true, Skills: true, StructuredAttachments: true,
			Usage: true, Cost: true, Plan: true, PlanApproval: true, Subagents: true, BackgroundTasks: true,
			SlashCommands: true, Compaction: true, SessionDiff: true, Quota: true,
		},
		Lacks: map[string]string{
			"sharedProcess": "The mock, like that of the v0.1 API, has no process: it is part of the bridge.",
		},
		Modes: []drivers.Mode{
			{ID: drivers.ModeBuild, Name: "Build", Description: "Does what the message says"},
			{ID: drivers.ModePlan, Name: "Plan", Description: "Refuses whatever would need a permission"},
		},
		PermissionModes: []drivers.PermissionMode{drivers.PermissionDefault, drivers.PermissionPlan},
	}
}

// Probe says that the agent is always there.
func (d *Driver) Probe(context.Context) drivers.Probe {
	return drivers.Probe{Installed: true, Version: "builtin", Login: drivers.LoginYes, LoginDetail: "needs no login"}
}

// Models lists the one model, which is named like the agent.
func (d *Driver) Models(context.Context) (drivers.Models, error) {
	return drivers.Models{
		Models:       []drivers.Model{{ID: modelID, Name: "Mock", Variants: variants()}},
		DefaultModel: modelID,
	}, nil
}

const modelID = "mock"

func variants() []string { return []string{"low", "high"} }

const nativePrefix = "mock-"

// Check says what is wrong with a configuration.
func (d *Driver) Check(_ context.Context, cfg *drivers.Config) error {
	if cfg.Resume != "" && !strings.HasPrefix(cfg.Resume, nativePrefix) {
		return universal.InvalidRequest("resume is %q, but the mock's conversations are called %s<session id>", cfg.Resume, nativePrefix)
	}
	if _, err := skills.Find(ID, cfg.Skills); err != nil {
		return err
	}
	return checkSettings(cfg.Settings)
}

// checkSettings looks at those fields that are set. Permission modes that the
// agent does not have are fine: the bridge answers for them.
func checkSettings(set drivers.Settings) error {
	switch {
	case set.AgentMode != "" && set.AgentMode != drivers.ModeBuild && set.AgentMode != drivers.ModePlan:
		return universal.ModeNotSupported(ID, set.AgentMode)
	case set.PermissionMode != "" && !slices.Contains(drivers.PermissionModes(), set.PermissionMode):
		return universal.ModeNotSupported(ID, string(set.PermissionMode))
	case set.Model != "" && set.Model != modelID:
		return universal.InvalidRequest("model %q is not one of the mock's: use %q or leave it out", set.Model, modelID)
	case set.Variant != "" && !slices.Contains(variants(), set.Variant):
		return universal.InvalidRequest("variant %q is not one of the mock's: use %s", set.Variant, strings.Join(variants(), " or "))
	}
	return nil
}

// Start begins or resumes a conversation. The list of commands is emitted
// before it returns.
func (d *Driver) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := d.Check(ctx, &cfg); err != nil {
		return nil, err
	}
	id, resumed := nativePrefix+cfg.SessionID, cfg.Resume != ""
	if resumed {
		id = cfg.Resume
	}
	talk, err := d.memory.open(id, resumed)
	if err != nil {
		return nil, err
	}
	s := newSession(d, cfg, sink, id, talk)
	s.emit(agentEvent(universal.TypeSessionUpdated, &universal.SessionUpdatedData{Commands: d.slashCommands()}))
	return s, nil
}
