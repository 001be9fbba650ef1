package amp

import (
	"path"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// rules say which tool calls a person is asked about.
type rules struct {
	bypass bool     // none
	ask    []string // tools that the user's own settings want to be asked about, as globs
}

// asks tells whether a call needs a permission.
func (r *rules) asks(tool string) bool {
	if r.bypass {
		return false
	}
	for _, glob := range r.ask {
		if matched, err := path.Match(glob, tool); err != nil || matched {
			return true // a rule that isn't understood is kept all the same
		}
	}
	switch toolKind(tool) {
	case universal.ToolRead, universal.ToolSearch, universal.ToolThink, universal.ToolQuestion:
		return false
	}
	return true
}
