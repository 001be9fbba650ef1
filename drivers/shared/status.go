package shared

import (
	"errors"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

// errDied is what is known of a server that was not stopped.
var errDied = errors.New("the server ended by itself")

// Status tells of all servers of the pool as of one; the longest running of
// them is shown. A [Server] that has a method BaseURL() string speaks HTTP.
func (p *Pool[S]) Status() drivers.ServerStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := drivers.ServerStatus{Status: drivers.ServerStopped, RestartCount: p.restarts}
	failure := p.failure
	var oldest *entry[S]
	for _, e := range p.entries {
		switch {
		case !e.started():
		case !e.over():
			if oldest == nil || e.since.Before(oldest.since) {
				oldest = e
			}
		case e.err == nil:
			failure = errDied
		}
	}
	if failure != nil {
		status.Status, status.LastError = drivers.ServerError, failure.Error()
	}
	if oldest != nil {
		uptime := time.Since(oldest.since).Milliseconds()
		status.Status, status.UptimeMS = drivers.ServerRunning, &uptime
		if http, ok := any(oldest.server).(interface{ BaseURL() string }); ok {
			status.BaseURL = http.BaseURL()
		}
	}
	return status
}

// noteStart notes how a start went.
func (p *Pool[S]) noteStart(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.failure = err
		return
	}
	if p.died {
		p.restarts++
	}
	p.died, p.failure = false, nil
}

// noteDeath notes that a server ended that nobody had stopped. It is called
// with the lock held.
func (p *Pool[S]) noteDeath() { p.died, p.failure = true, errDied }

// started tells whether the entry's start is over.
func (e *entry[S]) started() bool {
	select {
	case <-e.ready:
		return true
	default:
		return false
	}
}
