package mock

import (
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// These commands tell about the turn, the session and the account.

func (t *turn) plan() {
	entries := func(first, second universal.PlanStatus) universal.Event {
		return agentEvent(universal.TypePlanUpdated, &universal.PlanData{Entries: []universal.PlanEntry{
			{Content: "Look around", Status: first, Priority: "high"},
			{Content: "Change something", Status: second, Priority: "low"},
		}})
	}
	t.emit(entries(universal.PlanInProgress, universal.PlanPending))
	t.say("planned", "I have looked around.")
	t.emit(entries(universal.PlanCompleted, universal.PlanInProgress))
}

// tellUsage tells every figure, which is more than the turn's end does.
func (t *turn) tellUsage() {
	t.say("usage", "This is what I need.")
	u := t.usage()
	var none int64
	cost, window := float64(*u.TotalTokens)/1e6, int64(200_000)
	u.CachedInputTokens, u.CacheWriteTokens, u.ReasoningTokens = &none, &none, &none
	u.CostUSD, u.ContextWindow, u.ContextUsed = &cost, &window, u.TotalTokens
	t.emit(agentEvent(universal.TypeUsageUpdated, &universal.UsageData{Usage: *u}))
}

func (t *turn) quota() {
	t.emit(agentEvent(universal.TypeQuotaUpdated, &universal.QuotaData{Kind: universal.QuotaRateLimit, Status: "allowed", Detail: "9 of 10 requests are left"}))
	t.say("quota", "I am still allowed to work.")
}

func (t *turn) compact() {
	t.whole(t.item("compact", universal.KindStatus, universal.RoleSystem, &universal.StatusPart{Label: "compacted", Detail: "the context was shortened"}))
}

func (t *turn) title() {
	title := t.rest
	if title == "" {
		title = "A mock session"
	}
	t.session.change(drivers.Settings{Title: title})
	t.emit(agentEvent(universal.TypeSessionUpdated, &universal.SessionUpdatedData{Title: title}))
}

// change sets what the agent changes by itself.
func (s *session) change(by drivers.Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = changed(s.settings, by)
}

// recall counts the message that asks.
func (t *turn) recall() {
	t.say("recall", fmt.Sprintf("messages seen: %d", t.session.driver.memory.heard(t.session.talk)))
}

// context tells with what the session runs. Of the environment it tells only
// which of the asked names are set, never a value.
func (t *turn) context() {
	set, cfg := t.session.current(), t.session.cfg
	lines := []string{
		"model: " + orNone(set.Model),
		"variant: " + orNone(set.Variant),
		"agent mode: " + set.AgentMode,
		"permission mode: " + string(set.PermissionMode),
		"title: " + orNone(set.Title),
		"directory: " + orNone(cfg.Directory),
		"system prompt: " + orNone(cfg.SystemPrompt),
		"mcp servers: " + orNone(strings.Join(t.session.mcpServers(), ", ")),
	}
	var skills []string
	for _, source := range cfg.Skills {
		skills = append(skills, source.Source)
	}
	lines = append(lines, "skills: "+orNone(strings.Join(skills, ", ")))
	for _, name := range strings.Fields(t.rest) {
		state := "not set"
		if _, ok := cfg.Env[name]; ok {
			state = "set"
		}
		lines = append(lines, "env "+name+": "+state)
	}
	t.say("context", strings.Join(lines, "\n"))
}
