package amp

import (
	"context"
	"sync"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/rig"
)

// The conformance suite, with the real Amp and the scripted server: what the
// capability flags claim is true of the agent itself.
func TestConformance(t *testing.T) {
	var c *conformance // of the case under way: they run one after the other
	prompts := rig.Prompts()
	prompts.Subagent = "SCENARIO:task"
	drivertest.Run(t, drivertest.Subject{
		New: func(tb testing.TB) drivers.Driver {
			c = newConformance(tb)
			return c.driver
		},
		Config: func(tb testing.TB) drivers.Config {
			return drivers.Config{Directory: tb.TempDir(), MCP: rig.Tools(tb)}
		},
		Prompts: prompts,
		Heard:   func(_ testing.TB, text string) bool { return c.Heard(text) },
		Grease:  func(_ testing.TB, s drivers.Session) error { return c.grease(s) },
	})
}

// conformance is what the driver of one case runs on.
type conformance struct {
	*bench

	mu     sync.Mutex
	agents []*greased // in the order of their start
	next   [][]byte   // what the next process says first
}

func newConformance(tb testing.TB) *conformance {
	tb.Helper()
	c := &conformance{bench: newBench(tb, "amp")}
	c.driver.opts.Launch = func(ctx context.Context, spec process.Spec) (Transport, error) {
		a, err := Launch(ctx, c.Supervisor, spec)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		g := &greased{Agent: a, first: c.next}
		c.next = nil
		c.agents = append(c.agents, g)
		return g, nil
	}
	c.Script(func() int { return c.last().PID() }, modelserver.Do(modelserver.Bash{Command: "echo listening"}))
	return c
}

func (c *conformance) last() *greased {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.agents[len(c.agents)-1]
}

// grease has a turn in which the agent says what nobody knows: between turns
// there is no agent.
func (c *conformance) grease(s drivers.Session) error {
	c.mu.Lock()
	c.next = [][]byte{[]byte(`{"type":"news","subtype":"from_the_future"}`)}
	c.mu.Unlock()
	if err := s.Send(context.Background(), drivers.Message{Text: "SCENARIO:text"}); err != nil {
		return err
	}
	if r := s.(*session).now(); r != nil {
		<-r.done
	}
	return nil
}
