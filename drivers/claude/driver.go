package claude

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/skills"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/drivers/scratch"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Options are what a [Driver] is made with.
type Options = program.Options[Transport]

// Driver drives Claude Code. Make one with [New]; it is safe for concurrent
// use.
type Driver struct {
	opts    Options
	listing chan struct{} // holds a token while models are listed

	mu     sync.Mutex
	models map[install.Identity]drivers.Models
}

// New makes a driver. It starts nothing.
func New(opts Options) *Driver {
	return &Driver{
		opts: opts.WithDefaults(program.Own[Transport]{
			Program:     install.Claude(),
			Environment: environment,
			Start:       start,
		}),
		listing: make(chan struct{}, 1),
		models:  map[install.Identity]drivers.Models{},
	}
}

// Info implements drivers.Driver.
func (d *Driver) Info() drivers.Info {
	return drivers.Info{
		ID:   agentID,
		Name: "Claude Code",
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
			SharedProcess:    false,

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
			PlanApproval:          true,
			Subagents:             true,
			BackgroundTasks:       true,
			SlashCommands:         true,
			Compaction:            true,
			SessionDiff:           true,
			Quota:                 true,
		},
		Lacks: map[string]string{
			"sharedProcess": "Claude Code 2.1.330 holds one conversation in a process.",
		},
		Modes: []drivers.Mode{
			{ID: drivers.ModeBuild, Name: "Build", Description: "Works on the task, asking where the permission mode says so"},
			{ID: drivers.ModePlan, Name: "Plan", Description: "Looks around and proposes a plan, which waits for approval"},
		},
		PermissionModes: drivers.PermissionModes(),
	}
}

// Start implements drivers.Driver.
func (d *Driver) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	if err := d.Check(ctx, &cfg); err != nil {
		return nil, err
	}
	s, _, err := d.start(ctx, &cfg, sink)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// start starts the CLI and shakes hands with it.
func (d *Driver) start(ctx context.Context, cfg *drivers.Config, sink drivers.Sink, extra ...string) (*session, *initialized, error) {
	path, err := d.opts.Locate()
	if err != nil {
		return nil, nil, err
	}
	native := cfg.Resume
	if native == "" {
		native = d.opts.NewID()
	}
	private, plugin, err := preparePlugin(cfg)
	if err != nil {
		return nil, nil, err
	}
	s := newSession(d, native, cfg, sink)
	s.scratch = private
	s.transport, err = d.opts.Launch(ctx, process.Spec{
		Path: path,
		Args: append(arguments(native, cfg, plugin), extra...),
		Dir:  cfg.Directory,
		Env:  d.withLogin(ctx, path, environment(d.opts.Environ(), cfg.Env)),
	})
	if err != nil {
		_ = private.Remove()
		return nil, nil, program.NotStarted(ctx, agentID, err)
	}
	go s.read() // ends with the agent; s.done tells
	info, err := s.shakeHands(ctx, cfg, d.opts.Getenv)
	if err == nil && s.started() {
		return s, info, nil
	}
	// The reader finds that Start has failed and tells the sink nothing more.
	_ = s.transport.Stop(context.WithoutCancel(ctx), nil)
	<-s.done
	return nil, nil, s.startFailure(ctx, cfg, err)
}

// scratchPrefix names the private temporary directories of this package.
const scratchPrefix = "sandbox-agent-claude-"

// preparePlugin makes the plugin with the session's skills, if it has any.
func preparePlugin(cfg *drivers.Config) (private scratch.Dir, plugin string, err error) {
	found, err := skills.Find(agentID, cfg.Skills)
	if err != nil || len(found) == 0 {
		return scratch.Dir{}, "", err
	}
	private, err = scratch.New("", scratchPrefix)
	if err != nil {
		return scratch.Dir{}, "", fmt.Errorf("start claude: %w", err)
	}
	plugin = filepath.Join(private.Path(), pluginName)
	if err := writePlugin(plugin, found); err != nil {
		_ = private.Remove()
		return scratch.Dir{}, "", fmt.Errorf("start claude: give the session its skills: %w", err)
	}
	return private, plugin, nil
}

// shakeHands waits until the agent is ready for a message.
func (s *session) shakeHands(ctx context.Context, cfg *drivers.Config, getenv func(string) string) (*initialized, error) {
	answer, err := s.ask(ctx, initializeRequest{"initialize", true, cfg.SystemPrompt})
	if err != nil {
		return nil, err
	}
	info, err := decodeInitialized(answer)
	if err != nil {
		return nil, err
	}
	servers, err := mcpServers(cfg.MCP, getenv)
	if err != nil {
		return nil, err
	}
	if len(servers) > 0 {
		// A server that can't be reached is reported as an event; the session
		// goes on without it.
		if _, err := s.ask(ctx, mcpServersRequest{"mcp_set_servers", servers}); err != nil {
			return nil, fmt.Errorf("give the agent its mcp servers: %w", err)
		}
	}
	if cfg.Title != "" {
		if _, err := s.ask(ctx, renameRequest{"rename_session", cfg.Title}); err != nil {
			s.log.Debug("naming a conversation failed", "error", err)
		}
	}
	return info, nil
}

// started ends the start; false when the agent has ended meanwhile.
func (s *session) started() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.starting = false
	return true
}

// startFailure is why the agent, started, did not become ready.
func (s *session) startFailure(ctx context.Context, cfg *drivers.Config, err error) error {
	exit := s.transport.Exit()
	stderr := strings.TrimSpace(exit.Stderr.Head + "\n" + exit.Stderr.Tail)
	var no *refusalError
	switch {
	case cfg.Resume != "" && strings.Contains(stderr, "No conversation found"):
		return universal.InvalidRequest("resume %s: the agent has no such conversation", cfg.Resume).With("reason", "unknown_conversation").Because(err)
	case ctx.Err() != nil:
		return universal.Timeout("claude was not ready in time").Because(err)
	case err == nil || errors.Is(err, errAgentGone) || universal.KindOf(err) == universal.KindAgentProcessExited:
		e := universal.AgentProcessExited(agentID, exit.Code, stderr).Because(err)
		if stderr != "" {
			e.Detail += ": " + oneline.Text(stderr)
		}
		return e
	case errors.As(err, &no):
		return universal.Errorf(universal.KindInternal, "start claude: the agent refused: %s", no.text).Because(err)
	}
	return fmt.Errorf("start claude: %w", err)
}
