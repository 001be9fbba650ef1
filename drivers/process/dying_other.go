//go:build !linux

package process

// Dying tells whether the process takes nothing any more though it is not gone,
// which this system doesn't say.
func (p *Process) Dying() bool { return false }
