package session

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// CreateOptions is what a client gives to make a session.
type CreateOptions struct {
	// SessionID is the client's choice; one is made when it is empty.
	SessionID string `json:"sessionId,omitempty"`
	// Agent is the id of an agent, such as "claude".
	Agent string `json:"agent"`
	// AgentMode is one of the agent's modes, by default its first; "default"
	// and "code" mean "build".
	AgentMode string `json:"agentMode,omitempty"`
	// PermissionMode is default, plan, bypass or acceptEdits.
	PermissionMode drivers.PermissionMode `json:"permissionMode,omitempty"`
	Model          string                 `json:"model,omitempty"`
	Variant        string                 `json:"variant,omitempty"`
	// AgentVersion is the version of the agent that the session needs: the one
	// that is installed, or where missing agents are installed, any that can
	// be had.
	AgentVersion string `json:"agentVersion,omitempty"`
	// Directory is the agent's working directory, by default the bridge's.
	Directory string `json:"directory,omitempty"`
	Title     string `json:"title,omitempty"`
	// Env is set for this session's agent only and never shown.
	Env map[string]string `json:"env,omitempty"`
	// Resume is the agent's own id of a conversation to continue, which no other
	// session has open.
	Resume string `json:"resume,omitempty"`
	// SystemPrompt is appended to the agent's own.
	SystemPrompt string `json:"systemPrompt,omitempty"`
	// MCP are tool servers for this session only, by name.
	MCP map[string]drivers.MCPServer `json:"mcp,omitempty"`
	// Skills are skills for this session only.
	Skills *Skills `json:"skills,omitempty"`
	// IdleTimeoutMS stops the agent's process after so many milliseconds
	// without anything to do; the next message brings it back. 0: the bridge's
	// setting; negative: never.
	IdleTimeoutMS int64 `json:"idleTimeout,omitempty"`
}

// Skills are the places where skills come from.
type Skills struct {
	Sources []drivers.SkillSource `json:"sources"`
}

const (
	maxIDBytes       = 1024
	maxTitleBytes    = 4096
	maxQueuedTurns   = 1000
	maxQueuedBytes   = 256 << 20
	maxAttachments   = 256
	maxAttachedBytes = 64 << 20
)

// config validates the options and makes of them what a driver needs.
// Nothing is started or changed.
func (o *CreateOptions) config(ctx context.Context, d drivers.Driver, defaultDir string) (drivers.Config, error) {
	info := d.Info()
	cfg := drivers.Config{
		SessionID:    o.SessionID,
		Env:          o.Env,
		Resume:       o.Resume,
		SystemPrompt: o.SystemPrompt,
		MCP:          o.MCP,
	}
	cfg.Model, cfg.Variant, cfg.Title = o.Model, o.Variant, o.Title
	if o.Skills != nil {
		cfg.Skills = o.Skills.Sources
	}
	var err error
	if err = install.CheckVersion(o.AgentVersion); err != nil {
		return cfg, err
	}
	if cfg.AgentMode, err = agentMode(d, o.AgentMode); err != nil {
		return cfg, err
	}
	if cfg.PermissionMode, err = permissionMode(o.PermissionMode); err != nil {
		return cfg, err
	}
	if cfg.Directory, err = directory(o.Directory, defaultDir); err != nil {
		return cfg, err
	}
	if len(o.Title) > maxTitleBytes {
		return cfg, universal.InvalidRequest("title is longer than %d bytes", maxTitleBytes)
	}
	for name := range o.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return cfg, universal.InvalidRequest("env: %q is not a name of an environment variable", name)
		}
		if strings.Contains(o.Env[name], "\x00") {
			return cfg, universal.InvalidRequest("env: the value of %s has a zero byte, which no variable can have", name)
		}
	}
	caps := info.Capabilities
	for _, need := range []struct {
		wanted, able bool
		what         string
	}{
		{o.Resume != "", caps.Resume, "cannot resume a conversation"},
		{o.SystemPrompt != "", caps.SystemPrompt, "takes no system prompt"},
		{len(o.MCP) > 0, caps.MCPTools, "takes no MCP servers"},
		{len(cfg.Skills) > 0, caps.Skills, "takes no skills"},
	} {
		if need.wanted && !need.able {
			return cfg, universal.NotSupported(info.ID, need.what)
		}
	}
	return cfg, d.Check(ctx, &cfg)
}

func checkSessionID(id string) error {
	if len(id) > maxIDBytes || !utf8.ValidString(id) {
		return universal.InvalidRequest("sessionId must be UTF-8 of at most %d bytes", maxIDBytes)
	}
	if id == "sse" { // GET /v1/sessions/sse would not give it
		return universal.InvalidRequest("sessionId can't be sse, which is the address of the stream of all sessions; choose another one")
	}
	return nil
}

func agentMode(d drivers.Driver, mode string) (string, error) {
	switch mode {
	case "", "default", "code":
		mode = drivers.ModeBuild
	}
	if _, more := d.(drivers.ModeLister); more {
		return mode, nil // which there are, the driver knows
	}
	info := d.Info()
	if !slices.ContainsFunc(info.Modes, func(m drivers.Mode) bool { return m.ID == mode }) {
		ids := make([]string, len(info.Modes))
		for i, m := range info.Modes {
			ids[i] = m.ID
		}
		return "", universal.ModeNotSupported(info.ID, mode).With("message", "choose one of: "+strings.Join(ids, ", "))
	}
	return mode, nil
}

func permissionMode(mode drivers.PermissionMode) (drivers.PermissionMode, error) {
	if mode == "" {
		return drivers.PermissionDefault, nil
	}
	if !slices.Contains(drivers.PermissionModes(), mode) {
		return "", universal.InvalidRequest("invalid permission mode: %s; choose default, plan, bypass or acceptEdits", mode)
	}
	return mode, nil
}

func directory(dir, defaultDir string) (string, error) {
	if dir == "" {
		return defaultDir, nil
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(defaultDir, dir)
	}
	switch st, err := os.Stat(dir); {
	case err != nil:
		return "", universal.InvalidRequest("directory %s cannot be used: %v", dir, errText(err)).Because(err)
	case !st.IsDir():
		return "", universal.InvalidRequest("directory %s is not a directory", dir)
	}
	return filepath.Clean(dir), nil
}

// errText is an I/O error without the operation and path that the sentence
// around it already names.
func errText(err error) string {
	for {
		inner, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err.Error()
		}
		err = inner.Unwrap()
	}
}

// InterruptOptions says which turn to end and what becomes of waiting ones.
type InterruptOptions struct {
	// TurnID, if given, must be the running or a waiting turn; another one is
	// left alone, since it has ended already.
	TurnID string `json:"turnId,omitempty"`
	// Queue says what becomes of the messages that wait: keep (the default) or
	// drop.
	Queue string `json:"queue,omitempty"`
}

// UpdateOptions are settings to change; what is empty stays as it is.
type UpdateOptions struct {
	Model          string                 `json:"model,omitempty"`
	Variant        string                 `json:"variant,omitempty"`
	AgentMode      string                 `json:"agentMode,omitempty"`
	PermissionMode drivers.PermissionMode `json:"permissionMode,omitempty"`
	Title          string                 `json:"title,omitempty"`
}

// SendResult tells that a message was accepted.
type SendResult struct {
	TurnID string `json:"turnId"`
	// Sequence is the log's head at acceptance: the message's events come
	// after it.
	Sequence uint64 `json:"sequence"`
}

func (o *CreateOptions) idleTimeout(byDefault time.Duration) time.Duration {
	switch {
	case o.IdleTimeoutMS < 0:
		return 0
	case o.IdleTimeoutMS > 0:
		const longest = math.MaxInt64 / int64(time.Millisecond)
		return time.Duration(min(o.IdleTimeoutMS, longest)) * time.Millisecond
	}
	return byDefault
}
