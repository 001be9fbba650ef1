package claude

import (
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// merge takes the figures that an update gives; they are totals of the message.
func (u *apiUsage) merge(update *apiUsage) {
	for _, f := range []struct{ to, from **int64 }{
		{&u.Input, &update.Input},
		{&u.CacheCreation, &update.CacheCreation},
		{&u.CacheRead, &update.CacheRead},
		{&u.Output, &update.Output},
	} {
		if *f.from != nil {
			*f.to = *f.from
		}
	}
	if update.OutputDetails != nil {
		u.OutputDetails = update.OutputDetails
	}
}

// tokens are summed figures in the meaning of universal.Usage. A figure that
// was never given stays nil.
type tokens struct {
	input, cached, written, output, reasoning *int64
	cost                                      *float64
}

func add[N int64 | float64](sum **N, n *N) {
	if n == nil {
		return
	}
	total := *n
	if *sum != nil {
		total += **sum
	}
	*sum = &total
}

func (t *tokens) add(u tokens) {
	add(&t.input, u.input)
	add(&t.cached, u.cached)
	add(&t.written, u.written)
	add(&t.output, u.output)
	add(&t.reasoning, u.reasoning)
	add(&t.cost, u.cost)
}

func (u *apiUsage) tokens() tokens {
	t := tokens{cached: u.CacheRead, written: u.CacheCreation, output: u.Output}
	add(&t.input, u.Input)
	add(&t.input, u.CacheRead)
	add(&t.input, u.CacheCreation)
	if u.OutputDetails != nil {
		t.reasoning = u.OutputDetails.Thinking
	}
	return t
}

func (m *modelUsage) tokens() tokens {
	input := m.Input + m.CacheRead + m.CacheCreation
	return tokens{
		input: &input, cached: &m.CacheRead, written: &m.CacheCreation,
		output: &m.Output, reasoning: m.Thinking, cost: m.CostUSD,
	}
}

func sumModels(models map[string]modelUsage) tokens {
	var t tokens
	for _, name := range sortedKeys(models) {
		m := models[name]
		t.add(m.tokens())
	}
	return t
}

// minus is what came to t since an earlier total.
func (t tokens) minus(earlier tokens) tokens {
	for _, f := range []struct{ n, was **int64 }{
		{&t.input, &earlier.input}, {&t.cached, &earlier.cached}, {&t.written, &earlier.written},
		{&t.output, &earlier.output}, {&t.reasoning, &earlier.reasoning},
	} {
		if *f.n != nil && *f.was != nil {
			rest := **f.n - **f.was
			*f.n = &rest
		}
	}
	if t.cost != nil && earlier.cost != nil {
		rest := *t.cost - *earlier.cost
		t.cost = &rest
	}
	return t
}

// usageCounter adds up the usage of the session's turn: of the main agent's
// messages as they come, and of everything, sub-agents included, at each
// result of the CLI.
type usageCounter struct {
	ended   tokens // of those of the CLI's turns that have ended inside this one
	running tokens // of the main agent's messages since

	totals        tokens // the CLI's own, at the last result
	baselineKnown bool   // false after a resume: it carries old totals on

	context *int64           // input and output of the last message
	windows map[string]int64 // context window by model
	model   string           // of the last message
}

// synthetic is the model of messages that the CLI makes itself.
const synthetic = "<synthetic>"

// speaks notes which model the main agent uses.
func (u *usageCounter) speaks(s *stream, m *apiMessage) {
	if s.parent == "" && m.Model != "" && m.Model != synthetic {
		u.model = m.Model
	}
}

// countMessage adds a message of the main agent, once, and tells the sum.
func (c *converter) countMessage(s *stream) {
	if s.parent != "" || s.counted || s.usage.Output == nil {
		return
	}
	s.counted = true
	t := s.usage.tokens()
	c.usage.running.add(t)
	var used *int64
	add(&used, t.input)
	add(&used, t.output)
	c.usage.context = used
	if !c.turn.active() {
		return // the session's turn has ended: its figures are final
	}
	sum := c.usage.ended
	sum.add(c.usage.running)
	c.emit(universal.TypeUsageUpdated, &universal.UsageData{Usage: *c.usage.usage(sum)})
}

// result takes the figures at the end of a turn of the CLI and returns the sum
// of the session's turn.
func (u *usageCounter) result(l *resultLine) *universal.Usage {
	totals := sumModels(l.ModelUsage)
	switch {
	case len(l.SinceLast) > 0:
		u.ended.add(sumModels(l.SinceLast))
	case l.SinceLast != nil:
		u.ended.add(l.Usage.tokens()) // no model was used; these are zeros
	case u.baselineKnown && l.ModelUsage != nil:
		since := totals.minus(u.totals)
		if since.input != nil && *since.input < 0 {
			since = totals // /clear has set them to 0
		}
		u.ended.add(since)
	default:
		u.ended.add(l.Usage.tokens()) // of the main agent only
	}
	u.totals, u.baselineKnown = totals, true
	u.running = tokens{}
	for name, m := range l.ModelUsage {
		if m.ContextWindow > 0 {
			if u.windows == nil {
				u.windows = map[string]int64{}
			}
			u.windows[name] = m.ContextWindow
		}
	}
	return u.usage(u.ended)
}

func (u *usageCounter) turnEnded() { u.ended, u.running = tokens{}, tokens{} }

func (u *usageCounter) usage(t tokens) *universal.Usage {
	usage := &universal.Usage{
		InputTokens:       t.input,
		CachedInputTokens: t.cached,
		CacheWriteTokens:  t.written,
		OutputTokens:      t.output,
		ReasoningTokens:   t.reasoning,
		CostUSD:           t.cost,
		ContextUsed:       u.context,
	}
	if t.input != nil && t.output != nil {
		total := *t.input + *t.output
		usage.TotalTokens = &total
	}
	usage.ContextWindow = u.window()
	return usage
}

// window is the context window of the model that the main agent uses. Its name
// may have a suffix where the windows are told.
func (u *usageCounter) window() *int64 {
	if window, ok := u.windows[u.model]; ok {
		return &window
	}
	for _, name := range sortedKeys(u.windows) {
		if u.model != "" && (len(u.windows) == 1 || strings.HasPrefix(name, u.model)) {
			window := u.windows[name]
			return &window
		}
	}
	return nil
}
