package session

import (
	"encoding/base64"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// rememberIDs is how many client message ids and answered requests a session
// remembers: enough for every retry, bounded for every length.
const rememberIDs = 1024

// sentMessages remembers what sends with a client message id were answered.
type sentMessages struct {
	results map[string]SendResult
	order   ring
}

func (m *sentMessages) find(id string) (SendResult, bool) {
	r, ok := m.results[id]
	return r, ok
}

func (m *sentMessages) add(id string, r SendResult) {
	if m.results == nil {
		m.results, m.order.size = map[string]SendResult{}, rememberIDs
	}
	m.results[id] = r
	if out := m.order.push(id); out != "" {
		delete(m.results, out)
	}
}

// idRing remembers the last ids added.
type idRing struct {
	ids   map[string]bool
	order ring
}

func (r *idRing) has(id string) bool { return r.ids[id] }

func (r *idRing) add(id string) {
	if r.ids == nil {
		r.ids, r.order.size = map[string]bool{}, rememberIDs
	}
	if r.ids[id] {
		return
	}
	r.ids[id] = true
	if out := r.order.push(id); out != "" {
		delete(r.ids, out)
	}
}

// usageSum adds up the usage of a session's turns.
type usageSum struct {
	before  universal.Usage // of the turns before the current one
	current universal.Usage // of the running turn so far, or of the last one
}

func (u *usageSum) startTurn() {
	u.before = u.total()
	u.current = universal.Usage{}
}

// update takes the figures of the running turn. What comes outside a turn is
// about the last one, and must not count twice.
func (u *usageSum) update(now universal.Usage) { u.current = now }

func (u *usageSum) endTurn(final *universal.Usage) {
	if final != nil {
		u.current = *final
	}
}

func (u *usageSum) total() universal.Usage {
	sum := u.before
	add(&sum.InputTokens, u.current.InputTokens)
	add(&sum.CachedInputTokens, u.current.CachedInputTokens)
	add(&sum.CacheWriteTokens, u.current.CacheWriteTokens)
	add(&sum.OutputTokens, u.current.OutputTokens)
	add(&sum.ReasoningTokens, u.current.ReasoningTokens)
	add(&sum.TotalTokens, u.current.TotalTokens)
	add(&sum.CostUSD, u.current.CostUSD)
	if u.current.ContextWindow != nil {
		sum.ContextWindow = u.current.ContextWindow
	}
	if u.current.ContextUsed != nil {
		sum.ContextUsed = u.current.ContextUsed
	}
	return sum
}

func add[N int64 | float64](to **N, n *N) {
	if n == nil {
		return
	}
	sum := *n
	if *to != nil {
		sum += **to
	}
	*to = &sum
}

// idleTimer stops the agent's process when nothing happens for a while.
type idleTimer struct {
	after time.Duration // 0: never
	timer *time.Timer
}

// armIdleTimer starts or stops the timer as the session becomes idle or busy.
// Called with the lock held.
func (s *Session) armIdleTimer() {
	if s.idle.after == 0 {
		return
	}
	quiet := s.state == Idle && s.running == nil && len(s.queue) == 0 && s.background == 0 && s.agent.session != nil
	switch {
	case !quiet && s.idle.timer != nil:
		s.idle.timer.Stop()
		s.idle.timer = nil
	case quiet && s.idle.timer == nil:
		var timer *time.Timer
		timer = time.AfterFunc(s.idle.after, func() {
			s.lock()
			defer s.unlock()
			if s.idle.timer == timer { // else it became busy in the meantime
				s.idle.timer = nil
				s.stopAgent()
			}
		})
		s.idle.timer = timer
	}
}

// restsAfter is how long no turn has to run before a session's log is moved to
// the disk but for its end: thousands of idle sessions must fit, and who reads a
// turn that has just ended shall find it in memory.
const restsAfter = 10 * time.Second

// armRestTimer begins to wait for that when no turn runs. Called with the lock
// held.
func (s *Session) armRestTimer() {
	switch resting := s.running == nil; {
	case !resting && s.rest != nil:
		s.rest.Stop()
		s.rest = nil
	case resting && s.rest == nil:
		s.rest = time.AfterFunc(restsAfter, func() { s.spill(s.log.Settle) })
	}
}

// spill moves events to the disk, in one of the log's ways. Called without the
// lock.
func (s *Session) spill(by func() error) {
	if err := by(); err != nil {
		s.logger.Warn("session: older events stay in memory", "session", s.id, "error", err)
	}
}

func encodeBase64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
