package amp

import "github.com/sandbox-agent/sandbox-agent/universal"

// tokenUsage is what the CLI tells of one message of the model. InputTokens
// leaves out what was read from the cache or written to it, and of a sub-agent
// nothing is told.
type tokenUsage struct {
	InputTokens *int64 `json:"input_tokens"`
	CacheWrite  *int64 `json:"cache_creation_input_tokens"`
	CacheRead   *int64 `json:"cache_read_input_tokens"`
	Output      *int64 `json:"output_tokens"`
	MaxTokens   *int64 `json:"max_tokens"` // the context window; not in native builds
}

// usageCounter adds up the messages of a turn, in the one meaning that all
// agents share: input includes what came from the cache and went there.
type usageCounter struct{ sum universal.Usage }

func (u *usageCounter) start() { u.sum = universal.Usage{} }

// add counts a message. Only those of the main agent say how full its context
// is.
func (u *usageCounter) add(t *tokenUsage, main bool) {
	if t.InputTokens == nil || t.Output == nil {
		return
	}
	input := *t.InputTokens + value(t.CacheWrite) + value(t.CacheRead)
	total := input + *t.Output
	addTo(&u.sum.InputTokens, &input)
	addTo(&u.sum.CachedInputTokens, t.CacheRead)
	addTo(&u.sum.CacheWriteTokens, t.CacheWrite)
	addTo(&u.sum.OutputTokens, t.Output)
	addTo(&u.sum.TotalTokens, &total)
	if main {
		u.sum.ContextUsed = &total
		if t.MaxTokens != nil {
			u.sum.ContextWindow = t.MaxTokens
		}
	}
}

// turn is the usage of the turn so far, nil if nothing was told.
func (u *usageCounter) turn() *universal.Usage {
	sum := u.sum
	if sum.TotalTokens == nil {
		return &universal.Usage{}
	}
	for _, n := range []**int64{&sum.InputTokens, &sum.CachedInputTokens, &sum.CacheWriteTokens, &sum.OutputTokens, &sum.TotalTokens} {
		if *n != nil {
			*n = new(**n) // the events keep theirs
		}
	}
	return &sum
}

func value(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

func addTo(sum **int64, n *int64) {
	if n != nil {
		*sum = new(value(*sum) + *n)
	}
}
