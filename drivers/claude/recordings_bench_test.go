package claude

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
		return benchConverter{newConverter("native", drivers.Settings{}, false)}
	})
}

// benchConverter takes from the converter what its session would.
type benchConverter struct{ *converter }

func (c benchConverter) Convert(dst []universal.Event, line []byte) []universal.Event {
	dst = c.converter.Convert(dst, line)
	c.responses, c.refuse, c.beganTurn = c.responses[:0], nil, false
	return dst
}
