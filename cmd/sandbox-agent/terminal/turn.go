package terminal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

func (p *Printer) beginTurn(at time.Time, d *universal.TurnStartedData) {
	p.began, p.usage, p.diff, p.refusal = at, nil, nil, ""
	clear(p.diffed)
	clear(p.errors)
	if d.Origin == universal.OriginAgent {
		p.note(0, dim, "(The agent goes on by itself: a background task came back.)")
	}
}

// endTurn says how a turn ended and what it took.
func (p *Printer) endTurn(at time.Time, d *universal.TurnEndedData) {
	p.turnDiff()
	s, how := ending(d.StopReason)
	if p.began.IsZero() { // its start was not shown
		how = how[:strings.LastIndexByte(how, ' ')]
	} else {
		how += " " + duration(at.Sub(p.began))
	}
	p.begin(textBlock)
	p.line(0, s, strings.Join(append([]string{how}, figures(merge(d.Usage, p.usage))...), " · "))
}

// turnDiff shows what the turn changed, unless each change was shown when it
// was made.
func (p *Printer) turnDiff() {
	if p.diff == nil || len(p.diff.Files) == 0 {
		return
	}
	unseen := slices.ContainsFunc(p.diff.Files, func(f universal.DiffFile) bool { return !p.diffed[f.Path] })
	p.begin(textBlock)
	p.line(0, bold, "Changed files")
	for _, f := range p.diff.Files {
		p.short(1, plain, fmt.Sprintf("%s +%d -%d", p.local(f.Path), f.Additions, f.Deletions))
	}
	if unseen {
		p.diffText(1, p.diff.Diff)
	}
}

// ending says how a turn ended; the time that it took follows the last word.
func ending(reason universal.StopReason) (style, string) {
	switch reason {
	case universal.StopEndTurn:
		return dim, "done in"
	case universal.StopInterrupted:
		return yellow, "interrupted after"
	case universal.StopCancelled:
		return yellow, "cancelled after"
	case universal.StopError:
		return red, "failed after"
	case universal.StopRefusal:
		return red, "the model refused after"
	case universal.StopMaxTokens:
		return red, "stopped at the limit of tokens after"
	case universal.StopMaxTurns:
		return red, "stopped at the limit of steps after"
	}
	return red, "stopped (" + CleanLine(string(reason)) + ") after"
}

// merge takes each figure from the end of the turn, or else from the last
// usage that was told within it.
func merge(end, last *universal.Usage) universal.Usage {
	var u universal.Usage
	for _, from := range []*universal.Usage{end, last} {
		if from == nil {
			continue
		}
		for _, f := range []struct{ to, from **int64 }{
			{&u.InputTokens, &from.InputTokens}, {&u.CachedInputTokens, &from.CachedInputTokens},
			{&u.OutputTokens, &from.OutputTokens}, {&u.ReasoningTokens, &from.ReasoningTokens},
			{&u.ContextWindow, &from.ContextWindow}, {&u.ContextUsed, &from.ContextUsed},
		} {
			if *f.to == nil {
				*f.to = *f.from
			}
		}
		if u.CostUSD == nil {
			u.CostUSD = from.CostUSD
		}
	}
	return u
}

// figures are what is known of a usage, in words.
func figures(u universal.Usage) []string {
	var words []string
	if u.InputTokens != nil {
		in := tokens(*u.InputTokens) + " tokens in"
		if u.CachedInputTokens != nil && *u.CachedInputTokens > 0 {
			in += " (" + tokens(*u.CachedInputTokens) + " cached)"
		}
		words = append(words, in)
	}
	if u.OutputTokens != nil {
		words = append(words, tokens(*u.OutputTokens)+" out")
	}
	if u.CostUSD != nil {
		words = append(words, dollars(*u.CostUSD))
	}
	if u.ContextUsed != nil && u.ContextWindow != nil && *u.ContextWindow > 0 {
		words = append(words, fmt.Sprintf("context %d%%", *u.ContextUsed*100 / *u.ContextWindow))
	}
	return words
}

func dollars(cost float64) string {
	if cost > 0 && cost < 0.0001 {
		return "<$0.0001"
	}
	return fmt.Sprintf("$%.4f", cost)
}

func tokens(n int64) string {
	switch {
	case n < 10_000:
		return strconv.FormatInt(n, 10)
	case n < 10_000_000:
		return fmt.Sprintf("%.1fk", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1fM", float64(n)/1e6)
}

func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
