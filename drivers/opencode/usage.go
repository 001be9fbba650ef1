package opencode

import "github.com/sandbox-agent/sandbox-agent/universal"

// nativeTokens are the tokens of one step of an agent. OpenCode counts its own
// way: the input without what was read from and written to the cache, the output
// without the reasoning. Total is all of them.
type nativeTokens struct {
	Input     int64 `json:"input"`
	Output    int64 `json:"output"`
	Reasoning int64 `json:"reasoning"`
	Cache     struct {
		Read  int64 `json:"read"`
		Write int64 `json:"write"`
	} `json:"cache"`
}

// usageSum adds up the usage of a turn, in the meaning of universal.Usage:
// steps of sub-agents and of compactions are in it. The titles that OpenCode
// has a model find are not told.
type usageSum struct {
	steps   int
	tokens  nativeTokens
	cost    *float64 // nil where no step had one
	context int64    // of the main agent's last step
}

// noteStep adds a finished step, once, and tells the sum.
func (c *converter) noteStep(n *nativePart) {
	if c.parts[n.ID] != nil {
		return
	}
	c.parts[n.ID] = &part{id: n.ID, order: len(c.parts), session: n.SessionID, message: n.MessageID, closed: true}
	u := &c.turn.usage
	t := n.Tokens
	u.steps++
	u.tokens.Input += t.Input
	u.tokens.Output += t.Output
	u.tokens.Reasoning += t.Reasoning
	u.tokens.Cache.Read += t.Cache.Read
	u.tokens.Cache.Write += t.Cache.Write
	if n.Cost != nil {
		sum := *n.Cost
		if u.cost != nil {
			sum += *u.cost
		}
		u.cost = &sum
	}
	if n.SessionID == c.root {
		u.context = t.Input + t.Cache.Read + t.Cache.Write + t.Output + t.Reasoning
	}
	c.emit(universal.TypeUsageUpdated, &universal.UsageData{Usage: *u.usage(c.window)})
}

// usage is the sum in our words; nil when no step was finished.
func (u *usageSum) usage(window int64) *universal.Usage {
	if u.steps == 0 {
		return nil
	}
	t := u.tokens
	input := t.Input + t.Cache.Read + t.Cache.Write
	output := t.Output + t.Reasoning
	total := input + output
	usage := &universal.Usage{
		InputTokens: &input, CachedInputTokens: &t.Cache.Read, CacheWriteTokens: &t.Cache.Write,
		OutputTokens: &output, ReasoningTokens: &t.Reasoning, TotalTokens: &total,
	}
	if u.cost != nil {
		cost := *u.cost
		usage.CostUSD = &cost
	}
	if u.context > 0 {
		used := u.context
		usage.ContextUsed = &used
	}
	if window > 0 {
		usage.ContextWindow = &window
	}
	return usage
}
