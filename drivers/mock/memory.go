package mock

import (
	"sync"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

const maxConversations = 16384

// memory is what the agent would keep on disk: its conversations, by native
// id. The oldest are forgotten when there are too many.
type memory struct {
	limit int

	mu    sync.Mutex
	byID  map[string]*conversation
	order []string // as first opened
}

// conversation is guarded by its memory's mutex.
type conversation struct {
	messages int // how many were heard
	poison   int // how many of the next resumes fail
}

func newMemory(limit int) *memory {
	return &memory{limit: limit, byID: make(map[string]*conversation)}
}

// open returns the conversation of a native id: as it was left when resumed,
// else, or when it is not known, an empty one.
func (m *memory) open(id string, resumed bool) (*conversation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	talk := m.byID[id]
	if talk == nil {
		if len(m.order) == m.limit {
			delete(m.byID, m.order[0])
			m.order = m.order[1:]
		}
		talk = new(conversation)
		m.byID[id] = talk
		m.order = append(m.order, id)
		return talk, nil
	}
	if !resumed {
		// A session that still runs under this id keeps its own.
		talk = new(conversation)
		m.byID[id] = talk
		return talk, nil
	}
	if talk.poison > 0 {
		talk.poison--
		code := 1
		return nil, universal.AgentProcessExited(ID, &code, "mock: this conversation was poisoned")
	}
	return talk, nil
}

// hear counts a message and returns its number, from 1.
func (m *memory) hear(talk *conversation) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	talk.messages++
	return talk.messages
}

// heard tells how many messages were counted.
func (m *memory) heard(talk *conversation) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return talk.messages
}

// poison makes the next n resumes of a conversation fail.
func (m *memory) poison(talk *conversation, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	talk.poison = n
}
