package codex

import (
	"encoding/json"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Codex tells, after each answer of the model, what that one took ("last") and
// what the thread has taken so far ("total"). As with us, its input includes
// what was read from a cache and written to it, and its output includes
// reasoning:
//
//	ours                  Codex's
//	input_tokens          inputTokens
//	cached_input_tokens   cachedInputTokens
//	cache_write_tokens    cacheWriteInputTokens
//	output_tokens         outputTokens
//	reasoning_tokens      reasoningOutputTokens
//	total_tokens          totalTokens
//	context_window        modelContextWindow
//	context_used          totalTokens of the main agent's last answer
//
// A turn's usage is the sum of what the answers in it took, those to sub-agents
// included, each of which is counted in its own thread. There is no cost.
//
// Of an answer in a review, and of the last one before an interrupt, Codex tells
// only what the model's API said (rawResponse/completed). Of the others it tells
// that as well, just before its own figures.

// usageCounter adds up the usage of the session's turn.
type usageCounter struct {
	sum    nativeTokens
	counts bool // something was told in this turn

	contextUsed, contextWindow *int64
}

func (c *converter) tokenUsage(th *thread, params []byte) error {
	var l struct {
		TurnID     string `json:"turnId"`
		TokenUsage struct {
			Last   nativeTokens `json:"last"`
			Window *int64       `json:"modelContextWindow"`
		} `json:"tokenUsage"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	u := &c.usage
	last := l.TokenUsage.Last
	if c.isRoot(th) {
		used := last.Total
		u.contextUsed, u.contextWindow = &used, l.TokenUsage.Window
	}
	// A resumed thread repeats what its last turn took.
	if !c.turn.active || l.TurnID != th.turn {
		return nil
	}
	if last.Input+last.Output > 0 { // else it tells only how full the context is
		th.untold = nil
	}
	c.countTokens(&last)
	return nil
}

// countTokens adds what an answer took, and tells the sum.
func (c *converter) countTokens(t *nativeTokens) {
	u := &c.usage
	u.counts = true
	u.sum.Input += t.Input
	u.sum.Cached += t.Cached
	u.sum.CacheWrite += t.CacheWrite
	u.sum.Output += t.Output
	u.sum.Reasoning += t.Reasoning
	c.emit(universal.TypeUsageUpdated, &universal.UsageData{Usage: *u.usage()})
}

// rawUsage keeps what the model's API says of an answer, until Codex tells it.
func (c *converter) rawUsage(th *thread, params []byte) error {
	var l struct {
		TurnID string        `json:"turnId"`
		Usage  *nativeTokens `json:"usage"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	if l.Usage == nil || !c.turn.active || l.TurnID != th.turn {
		return nil
	}
	c.countUntold(th)
	th.untold = l.Usage
	return nil
}

// countUntold counts the answer of which Codex has told nothing itself.
func (c *converter) countUntold(th *thread) {
	if th.untold != nil && c.turn.active {
		c.countTokens(th.untold)
	}
	th.untold = nil
}

// turn is the usage of the turn that ends; nil if nothing was told.
func (u *usageCounter) turn() *universal.Usage {
	if !u.counts {
		return nil
	}
	usage := u.usage()
	u.sum, u.counts = nativeTokens{}, false
	return usage
}

func (u *usageCounter) usage() *universal.Usage {
	sum := u.sum
	total := sum.Input + sum.Output
	return &universal.Usage{
		InputTokens:       &sum.Input,
		CachedInputTokens: &sum.Cached,
		CacheWriteTokens:  &sum.CacheWrite,
		OutputTokens:      &sum.Output,
		ReasoningTokens:   &sum.Reasoning,
		TotalTokens:       &total,
		ContextUsed:       u.contextUsed,
		ContextWindow:     u.contextWindow,
	}
}
