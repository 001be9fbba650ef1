package codex

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// updateWait bounds an update.
const updateWait = 10 * time.Second

type settingsParams struct {
	ThreadID string `json:"threadId"`
	turnSettings
}

type nameParams struct {
	ThreadID string `json:"threadId"`
	Name     string `json:"name"`
}

// Update implements drivers.Session. All of it is checked before anything is
// asked of the agent. Settings hold from the next turn on; a title at once.
func (s *session) Update(ctx context.Context, change drivers.Settings) error {
	if err := checkSettings(change); err != nil {
		return err
	}
	if err := s.check(ctx, change); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, updateWait, universal.Timeout("the agent did not take the change within %v", updateWait))
	defer cancel()
	if change.Title != "" {
		if err := s.rename(ctx, change.Title); err != nil {
			return refused("title", change.Title, err)
		}
	}
	change.Title = ""
	if change == (drivers.Settings{}) {
		return nil
	}
	s.mu.Lock()
	now := s.conv.settings
	apply(&now, change)
	params := settingsParams{s.conv.root, turnSettingsOf(now, s.conv.model, s.conv.effort, s.conv.planned)}
	s.mu.Unlock()
	if _, err := s.call(ctx, "thread/settings/update", params, func() error { s.conv.wish(now); return nil }); err != nil {
		return refused("settings", fmt.Sprint(change), err)
	}
	return nil
}

// wish notes settings that are asked for, so that Codex's report of them is no
// news.
func (c *converter) wish(s drivers.Settings) {
	c.settings = s
	c.model, c.effort = cmp.Or(s.Model, c.model), cmp.Or(s.Variant, c.effort)
}

func (s *session) rename(ctx context.Context, title string) error {
	_, err := s.call(ctx, "thread/name/set", nameParams{s.root(), title}, func() error {
		s.conv.settings.Title = title
		return nil
	})
	return err
}

// refused makes a typed error of the agent's no.
func refused(what, value string, err error) error {
	var no *rpcError
	if errors.As(err, &no) {
		return universal.InvalidRequest("%s %q: the agent refused it: %s", what, value, no.Message).Because(err)
	}
	return fmt.Errorf("update %s: %w", what, err)
}
