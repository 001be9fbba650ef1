package session

import (
	"slices"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// claim tells whether a new session may go on with the conversation native. Not
// if another one has it open: the agents don't keep two from writing into one
// conversation, of which each would know its own branch only, or only one would
// hear what is done in it. Of two that begin at the same time the first may.
func (m *Manager) claim(s *Session, native string) error {
	if native == "" {
		return nil
	}
	m.mu.Lock()
	list := slices.Clone(m.order)
	m.mu.Unlock()
	for _, other := range list {
		if other.number < s.number && other.holds(s.info.ID, native) {
			return universal.InvalidRequest("resume %s: another session has this conversation open: send the message to session %s, or terminate that one first",
				native, other.id).With("reason", "conversation_in_use")
		}
	}
	return nil
}

// holds tells whether the session has a conversation of an agent open, also
// while its process is stopped for being idle.
func (s *Session) holds(agent, native string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state != Ended && s.info.ID == agent && s.cfg.Resume == native
}
