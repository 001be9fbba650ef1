package session

import (
	"sync/atomic"

	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
)

// Stats are figures of a manager, for whoever watches over it.
type Stats struct {
	// Sessions counts them by their state; every state is there.
	Sessions map[Status]int
	// PendingRequests counts permissions and questions that wait for a person.
	PendingRequests int
	// BackgroundTasks counts those of all agents.
	BackgroundTasks int
	// Events counts what was ever recorded, by deleted sessions too.
	Events uint64
	// Restarts counts agents that were started again for a session.
	Restarts uint64
	Log      eventlog.Stats
}

// counters are figures that outlive their sessions.
type counters struct {
	deletedEvents atomic.Uint64
	restarts      atomic.Uint64
}

// Stats returns the figures as they are now.
func (m *Manager) Stats() Stats {
	stats := Stats{
		Sessions: map[Status]int{Starting: 0, Idle: 0, Running: 0, Waiting: 0, Ended: 0},
		Events:   m.counters.deletedEvents.Load(),
		Restarts: m.counters.restarts.Load(),
		Log:      m.store.Stats(),
	}
	for _, s := range m.List() {
		info := s.Info(false)
		stats.Sessions[info.Status]++
		stats.PendingRequests += info.PendingPermissionCount + info.PendingQuestionCount
		stats.BackgroundTasks += info.BackgroundTasks
		stats.Events += info.EventCount
	}
	return stats
}
