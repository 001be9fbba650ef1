package session

import (
	"context"
	"fmt"
	"hash/fnv"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Update changes settings, at once where the agent can, else from the next
// turn on.
func (s *Session) Update(ctx context.Context, opts UpdateOptions) error {
	change := drivers.Settings{Model: opts.Model, Variant: opts.Variant, PermissionMode: opts.PermissionMode, Title: opts.Title}
	if opts.AgentMode != "" {
		mode, err := agentMode(s.driver, opts.AgentMode)
		if err != nil {
			return err
		}
		change.AgentMode = mode
	}
	if opts.PermissionMode != "" {
		if _, err := permissionMode(opts.PermissionMode); err != nil {
			return err
		}
	}
	if len(opts.Title) > maxTitleBytes {
		return universal.InvalidRequest("title is longer than %d bytes", maxTitleBytes)
	}
	caps := s.info.Capabilities
	switch {
	case (opts.Model != "" || opts.Variant != "") && !caps.ModelSwitch:
		return universal.NotSupported(s.info.ID, "cannot switch the model in mid-session")
	case opts.AgentMode != "" && !caps.ModeSwitch:
		return universal.NotSupported(s.info.ID, "cannot switch the mode in mid-session")
	}

	if err := s.prepare(ctx, change); err != nil {
		return err
	}
	defer s.unlock()
	if s.state == Ended {
		return s.endedError()
	}
	if data := s.change(change); data != nil {
		s.ledger.Daemon(universal.TypeSessionUpdated, data)
	}
	s.reconsiderPermissions()
	return nil
}

// prepare lets the agent have new settings, or where none runs has them checked,
// and then takes the lock: from there on the next start of the agent will have
// them.
func (s *Session) prepare(ctx context.Context, change drivers.Settings) error {
	for {
		s.lock()
		if s.isEnding() {
			defer s.unlock()
			return s.endedError()
		}
		agent, startup := s.agent.session, s.agent.startup
		cfg := s.cfg
		apply(&cfg.Settings, change)
		s.unlock()
		switch {
		case agent != nil:
			if err := agent.Update(ctx, s.forDriver(change)); err != nil {
				return err
			}
		case startup != nil:
			select {
			case <-startup:
				continue
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		default:
			if err := s.driver.Check(ctx, &cfg); err != nil {
				return err
			}
		}
		s.lock()
		if agent != nil || s.agent.session == nil && s.agent.startup == nil {
			return nil
		}
		s.unlock() // it was started meanwhile, with the settings of before
	}
}

func apply(to *drivers.Settings, change drivers.Settings) {
	set := func(to *string, v string) {
		if v != "" {
			*to = v
		}
	}
	set(&to.Model, change.Model)
	set(&to.Variant, change.Variant)
	set(&to.AgentMode, change.AgentMode)
	set((*string)(&to.PermissionMode), string(change.PermissionMode))
	set(&to.Title, change.Title)
}

// change applies new settings and tells which were changed by it, nil if none.
func (s *Session) change(c drivers.Settings) *universal.SessionUpdatedData {
	before := s.cfg.Settings
	apply(&s.cfg.Settings, c)
	after := s.cfg.Settings
	if after == before {
		return nil
	}
	s.dirty = true
	changed := func(before, after string) string {
		if before == after {
			return ""
		}
		return after
	}
	return &universal.SessionUpdatedData{
		Title:          changed(before.Title, after.Title),
		Model:          changed(before.Model, after.Model),
		Variant:        changed(before.Variant, after.Variant),
		AgentMode:      changed(before.AgentMode, after.AgentMode),
		PermissionMode: changed(string(before.PermissionMode), string(after.PermissionMode)),
	}
}

// agentUpdated takes what the agent says of its settings; nil if it tells
// nothing new.
func (s *Session) agentUpdated(d *universal.SessionUpdatedData) *universal.SessionUpdatedData {
	mode := drivers.PermissionMode(d.PermissionMode)
	if !s.isNative(s.cfg.PermissionMode) {
		mode = "" // the bridge keeps this mode, whatever the agent runs under
	}
	news := s.change(drivers.Settings{Model: d.Model, Variant: d.Variant, AgentMode: d.AgentMode, PermissionMode: mode, Title: d.Title})
	if news == nil {
		news = &universal.SessionUpdatedData{}
	}
	if id := d.NativeSessionID; id != "" && id != s.cfg.Resume {
		s.setNativeID(id)
		news.NativeSessionID = id
	}
	if sum := commandsSum(d.Commands); len(d.Commands) > 0 && sum != s.commands {
		s.commands = sum
		news.Commands = d.Commands
	}
	if news.IsZero() {
		return nil
	}
	return news
}

// commandsSum tells one list of commands from another without keeping it.
func commandsSum(commands []universal.Command) uint64 {
	h := fnv.New64a()
	for _, c := range commands {
		fmt.Fprintf(h, "%q%q", c.Name, c.Description)
	}
	return h.Sum64()
}

func (s *Session) setNativeID(id string) {
	s.cfg.Resume = id
	s.ledger.SetNativeID(id)
	s.dirty = true
}
