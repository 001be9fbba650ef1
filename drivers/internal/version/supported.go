package version

import (
	"fmt"
	"log/slog"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Supported is which versions of an agent a driver speaks with. It is safe for
// concurrent use.
type Supported struct {
	Agent  string // its id
	Known  string // what the driver was made for
	Oldest string

	warned Seen
}

// TooOld says what to do about a version that is too old; "" about any other.
func (s *Supported) TooOld(found string) string {
	if !Older(found, s.Oldest) {
		return ""
	}
	return fmt.Sprintf("%s %s is too old: %s or newer is needed; install a newer one, such as %s", s.Agent, found, s.Oldest, s.Known)
}

// Check refuses a version that is too old, and warns of one that was not tried,
// once; as it does where err tells that the version can't be read.
func (s *Supported) Check(found string, err error, log *slog.Logger) error {
	if err != nil {
		log.Warn("the version of an agent can't be read", "agent", s.Agent, "error", err)
		return nil
	}
	if problem := s.TooOld(found); problem != "" {
		return universal.NotSupported(s.Agent, "version: "+problem)
	}
	if !Near(found, s.Known) && s.warned.First(found) {
		log.Warn("this version of an agent was not tried", "agent", s.Agent, "version", found, "known", s.Known)
	}
	return nil
}
