package opencode

import (
	"path/filepath"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/fixtures/conversion"
)

// BenchmarkRecordings tells what an event costs, over all that was recorded.
func BenchmarkRecordings(b *testing.B) {
	conversion.Benchmark(b, filepath.Join("..", "..", "fixtures", agentID), func() conversion.Converter {
		return newFed()
	})
}
