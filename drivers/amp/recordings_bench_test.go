package amp

import (
	"path/filepath"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/fixtures/conversion"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// BenchmarkRecordings tells what an event costs, over all that was recorded.
func BenchmarkRecordings(b *testing.B) {
	conversion.Benchmark(b, filepath.Join("..", "..", "fixtures", agentID), func() conversion.Converter {
		c := newConverter("key", "", "/project")
		c.start(native, "medium", rules{}, 1)
		return benchConverter{c}
	})
}

// benchConverter takes from the converter what its session would.
type benchConverter struct{ *converter }

// Outgoing has nothing to tell: what is written to Amp is a message, or an
// answer that its session has noted.
func (benchConverter) Outgoing([]byte) {}

func (c benchConverter) Convert(dst []universal.Event, line []byte) []universal.Event {
	dst = c.converter.Convert(dst, line)
	c.answers, c.fatal = nil, nil
	return dst
}
