package codex

import (
	"path/filepath"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/fixtures/conversion"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// BenchmarkRecordings tells what an event costs, over all that was recorded.
func BenchmarkRecordings(b *testing.B) {
	conversion.Benchmark(b, filepath.Join("..", "..", "fixtures", agentID), func() conversion.Converter {
		return benchServer{}
	})
}

// benchServer has the converters of an app-server's sessions, by thread.
type benchServer map[string]*converter

func (s benchServer) Outgoing(line []byte) {
	if m, err := decodeMessage(line); err == nil && m.method == "turn/start" {
		s.converter(m.thread).turnRequested()
	}
}

func (s benchServer) Convert(dst []universal.Event, line []byte) []universal.Event {
	m, err := decodeMessage(line)
	if err != nil || m.isAnswer() || m.thread == "" {
		return dst
	}
	c := s.converter(m.thread)
	dst = c.Convert(dst, &m, line)
	for _, thread := range c.found.threads {
		s[thread] = c
	}
	c.found = found{}
	return dst
}

func (s benchServer) converter(thread string) *converter {
	c := s[thread]
	if c == nil {
		c = newConverter("key", drivers.Settings{})
		c.root = thread
		s[thread] = c
	}
	return c
}
