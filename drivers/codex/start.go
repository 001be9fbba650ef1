package codex

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/skills"
	"github.com/sandbox-agent/sandbox-agent/drivers/scratch"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const (
	// sessionVariable marks the commands of a session among those of the others
	// that share its app-server.
	sessionVariable = "SANDBOX_AGENT_SESSION"
	// serverMark is added to the mark of a session's own tool servers, which
	// live longer than its turns.
	serverMark = "-mcp"
)

// scratchPrefix names the private temporary directories of this package.
const scratchPrefix = "sandbox-agent-codex-"

// Start implements drivers.Driver.
func (d *Driver) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	if err := d.Check(ctx, &cfg); err != nil {
		return nil, err
	}
	s, err := d.start(ctx, &cfg, sink)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (d *Driver) start(ctx context.Context, cfg *drivers.Config, sink drivers.Sink) (*session, error) {
	spec, key, err := d.serverFor(cfg.Env)
	if err != nil {
		return nil, err
	}
	own, err := skills.Find(agentID, cfg.Skills)
	if err != nil {
		return nil, err
	}
	servers, err := mcpServers(cfg.MCP, d.opts.Getenv)
	if err != nil {
		return nil, err
	}
	lease, err := d.servers.Acquire(ctx, serverKey(spec.Path, spec.Args, spec.Env), func(ctx context.Context) (*server, error) {
		return d.startServer(ctx, spec, key)
	})
	if err != nil {
		return nil, err
	}
	s := d.newSession(lease.Server, cfg, sink)
	s.lease = lease
	markServers(servers, s.mark+serverMark)
	if err := s.open(ctx, cfg, s.threadStart(cfg, servers, own), own); err != nil {
		s.srv.detach(s)
		ending := context.WithoutCancel(ctx)
		if err := errors.Join(s.killServers(ending), lease.Release(ending), s.scratch.Remove()); err != nil {
			d.opts.Logger.Warn("clearing up after a failed start", "agent", agentID, "error", err)
		}
		return nil, s.startFailure(ctx, cfg, err)
	}
	return s, nil
}

func (d *Driver) newSession(srv *server, cfg *drivers.Config, sink drivers.Sink) *session {
	d.mu.Lock()
	d.started++
	number := d.started
	d.mu.Unlock()
	start := d.opts.NewID()
	return &session{
		check: func(ctx context.Context, s drivers.Settings) error {
			return d.checkModel(ctx, cfg.Env, s)
		},
		log:      d.opts.Logger,
		srv:      srv,
		sink:     sink,
		number:   number,
		mark:     sessionVariable + "=" + start,
		conv:     newConverter(start, cfg.Settings),
		starting: true,
	}
}

// open starts or resumes the thread and reads what a client wants to know of
// it.
func (s *session) open(ctx context.Context, cfg *drivers.Config, params *threadStartParams, own map[string]string) error {
	method := "thread/start"
	c := &call{answer: make(chan message, 1)}
	if cfg.Resume != "" {
		method = "thread/resume"
		params.ThreadID, params.ExcludeTurns = cfg.Resume, true
		s.setRoot(cfg.Resume)
		if !s.srv.attach(s, cfg.Resume) {
			return universal.InvalidRequest("resume %s: another session has this conversation open", cfg.Resume).With("reason", "conversation_in_use")
		}
	} else {
		params.ExperimentalRawEvents = true
		c.starts = s
	}
	result, err := s.srv.callFor(ctx, c, method, params, nil)
	if err != nil {
		return err
	}
	if err := s.opened(result); err != nil {
		return err
	}
	if cfg.Title != "" {
		if err := s.rename(ctx, cfg.Title); err != nil {
			s.log.Debug("naming a conversation failed", "error", err)
		}
	}
	if err := s.readSkills(ctx, cfg, own); err != nil {
		s.log.Debug("listing skills failed", "error", err)
	}
	return s.ready()
}

// opened reads the answer to the start of a thread.
func (s *session) opened(result json.RawMessage) error {
	var opened struct {
		Thread struct {
			ID string `json:"id"`
		} `json:"thread"`
		Cwd    string `json:"cwd"`
		Model  string `json:"model"`
		Effort string `json:"reasoningEffort"`
	}
	if err := json.Unmarshal(result, &opened); err != nil {
		return fmt.Errorf("read the agent's answer to the start of a thread: %w", err)
	}
	if opened.Thread.ID == "" {
		return errors.New("the agent's answer to the start of a thread has no id")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conv.root, s.conv.directory, s.conv.model, s.conv.effort = opened.Thread.ID, opened.Cwd, opened.Model, opened.Effort
	return nil
}

// ready ends the start, and fails when the agent has ended meanwhile.
func (s *session) ready() error {
	s.srv.mu.Lock()
	warnings := slices.Clone(s.srv.warnings)
	s.srv.mu.Unlock()
	for _, text := range warnings {
		s.warn(text)
	}
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return errServerGone
	}
	s.starting = false
	s.events = s.conv.tellOpened(s.events, s.skills)
	s.mu.Unlock()
	s.flush()
	return nil
}

// startFailure is why a thread could not be started.
func (s *session) startFailure(ctx context.Context, cfg *drivers.Config, err error) error {
	var no *rpcError
	var typed *universal.Error
	switch {
	case ctx.Err() != nil:
		return universal.Timeout("codex was not ready in time").Because(err)
	case errors.Is(err, errServerGone):
		return s.gone(err)
	case errors.As(err, &no) && cfg.Resume != "" && isUnknownThread(no.Message):
		return universal.InvalidRequest("resume %s: the agent has no such conversation", cfg.Resume).With("reason", "unknown_conversation").Because(err)
	case errors.As(err, &no) && strings.Contains(no.Message, "already has an active writer"):
		return universal.InvalidRequest("resume %s: another program has this conversation open", cfg.Resume).With("reason", "conversation_in_use").Because(err)
	case errors.As(err, &no):
		return startRefused(no)
	case errors.As(err, &typed):
		return err
	}
	return fmt.Errorf("start codex: %w", err)
}

// startRefused is the error for a no of the agent to a start.
func startRefused(no *rpcError) error {
	if isBrokenConfiguration(no.Message) {
		return universal.InvalidRequest("the configuration of Codex is broken: %s; correct it", no.Message).With("reason", "agent_configuration").Because(no)
	}
	return universal.Errorf(universal.KindInternal, "start codex: the agent refused: %s", no.Message).Because(no)
}

// isBrokenConfiguration knows what Codex says of its files that it can't read;
// what was asked for has no part in it.
func isBrokenConfiguration(message string) bool {
	return strings.HasPrefix(message, "failed to load configuration") || strings.HasPrefix(message, "failed to read configuration")
}

func isUnknownThread(message string) bool {
	return strings.Contains(message, "no rollout found") || strings.Contains(message, "invalid thread id") || strings.Contains(message, "thread not found")
}

// threadStartParams start a thread, or resume one.
type threadStartParams struct {
	ThreadID     string `json:"threadId,omitempty"` // of the thread to resume
	ExcludeTurns bool   `json:"excludeTurns,omitempty"`
	Cwd          string `json:"cwd,omitempty"`
	Model        string `json:"model,omitempty"`
	// Sandbox is always read-only here: for any other Codex would note in the
	// user's configuration that the directory is trusted. Each turn has its own.
	Sandbox               string           `json:"sandbox"`
	ApprovalPolicy        string           `json:"approvalPolicy"`
	ApprovalsReviewer     string           `json:"approvalsReviewer"` // "user": no model decides instead
	Config                map[string]any   `json:"config"`
	DeveloperInstructions string           `json:"developerInstructions,omitempty"`
	CapabilityRoots       []capabilityRoot `json:"selectedCapabilityRoots,omitempty"`
	// ExperimentalRawEvents also tells the calls of tools that leave no item:
	// those that were refused or made no sense. A thread that is resumed can't
	// have them.
	ExperimentalRawEvents bool `json:"experimentalRawEvents,omitempty"`
}

// capabilityRoot is a directory with skills for one thread.
type capabilityRoot struct {
	ID       string             `json:"id"`
	Location capabilityLocation `json:"location"`
}

type capabilityLocation struct {
	Type          string `json:"type"` // "environment"
	EnvironmentID string `json:"environmentId"`
	Path          string `json:"path"`
}

// threadStart makes the params of the session's thread, with its own tool
// servers and skills.
func (s *session) threadStart(cfg *drivers.Config, servers map[string]*mcpServer, own map[string]string) *threadStartParams {
	variable, mark, _ := strings.Cut(s.mark, "=")
	params := &threadStartParams{
		Cwd:                   cfg.Directory,
		Model:                 cfg.Model,
		Sandbox:               "read-only",
		ApprovalPolicy:        policyOf(cfg.Settings).approval,
		ApprovalsReviewer:     "user",
		Config:                map[string]any{"shell_environment_policy.set." + variable: mark},
		DeveloperInstructions: cfg.SystemPrompt,
	}
	for name, server := range servers {
		params.Config["mcp_servers."+name] = server
	}
	if cfg.Variant != "" {
		params.Config["model_reasoning_effort"] = cfg.Variant
	}
	for i, name := range sortedKeys(own) {
		params.CapabilityRoots = append(params.CapabilityRoots, capabilityRoot{
			ID:       fmt.Sprintf("session-%d", i+1),
			Location: capabilityLocation{Type: "environment", EnvironmentID: "local", Path: own[name]},
		})
	}
	return params
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// newScratch makes the session's private directory when it is needed first.
func (s *session) newScratch() (string, error) {
	s.mu.Lock()
	made, ended := s.scratch.Path(), s.ended
	s.mu.Unlock()
	if made != "" || ended {
		return made, nil
	}
	dir, err := scratch.New("", scratchPrefix)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scratch = dir
	return dir.Path(), nil
}
