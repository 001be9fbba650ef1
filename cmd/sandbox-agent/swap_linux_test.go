package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

var updateSwap = flag.Bool("update-swap", false, "write testdata/swap.golden again")

// TestSwap is what the bridge is for: one script, written for no agent in
// particular, is run by one client over the mock and every real agent, and the
// streams differ only where the capability flags say so.
//
// The mock, which can do everything, gives the reference; testdata has it for
// people to read. From it is taken what an agent says that it can't do, and
// then its own outline has to be the same, step by step.
func TestSwap(t *testing.T) {
	t.Parallel()
	model, home := startModel(t), t.TempDir()
	var env []string
	var labs []*agentLab
	for _, agent := range realAgents() {
		lab := agent.labWith(t, model)
		labs, env = append(labs, lab), append(env, lab.env(home)...)
	}
	client := spawnBridge(t, env)

	// The mock's steps are no subtests, so that one real agent can be run alone.
	reference := perform(t, mockPerformance(t, client), func(_ string, do func(*testing.T)) { do(t) })
	compareWithGolden(t, reference)
	for _, lab := range labs {
		t.Run(lab.id, func(t *testing.T) {
			t.Parallel()
			p := realPerformance(t, client, lab)
			steps := perform(t, p, func(name string, do func(*testing.T)) { t.Run(name, do) })
			for _, s := range script() {
				got, done := steps[s.name]
				if !done {
					continue
				}
				promised := reference[s.name].text(p.can)
				if diff := cmp.Diff(reference[s.name].text(everything()), promised); diff != "" {
					t.Logf("step %q: the capability flags take this away:\n%s", s.name, diff)
				}
				if diff := cmp.Diff(promised, got.text(everything())); diff != "" {
					t.Errorf("step %q isn't what the mock and the capability flags promise (-promised +%s):\n%s\nof\n%s", s.name, lab.id, diff, got.story())
				}
			}
		})
	}
}

func everything() *drivers.Capabilities {
	can := mock.New(mock.Options{}).Info().Capabilities
	return &can
}

// played is a step as an agent played it.
type played struct {
	outline
	events []universal.Event
}

// story is the step in full, for whoever has to find out what went wrong.
func (p played) story() string {
	var all strings.Builder
	for i := range p.events {
		data, err := json.Marshal(p.events[i].Data)
		if err != nil {
			data = []byte(err.Error())
		}
		fmt.Fprintf(&all, "%s %s\n", p.events[i].Type, data)
	}
	return all.String()
}

// perform goes through the script, each step by way of run, and returns the
// steps that the agent can do.
func perform(t *testing.T, p *performance, run func(name string, do func(*testing.T))) map[string]played {
	t.Helper()
	p.enter(p.create())
	steps := map[string]played{}
	for _, s := range script() {
		if s.needs != nil && !s.needs(p.can) {
			t.Logf("%s: left out, the agent has no such thing", s.name)
			continue
		}
		run(s.name, func(t *testing.T) {
			p.t = t
			sessions, from := len(p.sessions), len(p.events)
			for _, s := range p.sessions {
				s.t = t
			}
			start := time.Now()
			s.do(p)
			t.Logf("took %v", time.Since(start).Round(time.Millisecond))
			var seen played
			for i := sessions - 1; i < len(p.sessions); i++ {
				s := p.sessions[i]
				seen.outline = append(seen.outline, outlineOf(s.events[from:], s.answered)...)
				seen.events = append(seen.events, s.events[from:]...)
				from = 0
			}
			steps[s.name] = seen
		})
		p.t = t
	}
	return steps
}

// compareWithGolden shows the script as the mock plays it.
func compareWithGolden(t *testing.T, steps map[string]played) {
	t.Helper()
	var all strings.Builder
	for _, s := range script() {
		fmt.Fprintf(&all, "== %s\n%s", s.name, steps[s.name].text(everything()))
	}
	golden := filepath.Join("testdata", "swap.golden")
	if *updateSwap {
		if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all.String()); diff != "" {
		t.Errorf("the mock plays the script differently; if that is meant, run this test with -update-swap (-want +got):\n%s", diff)
	}
}

// newPerformance makes an agent ready for the script.
func newPerformance(t *testing.T, client *rpc.Client, agent string) *performance {
	t.Helper()
	p := &performance{t: t, talk: &talk{t: t, client: client, dir: t.TempDir()}}
	var list rpc.AgentsResult
	if err := client.Call(t.Context(), "agents/list", nil, &list); err != nil {
		t.Fatal(err)
	}
	p.can = abilities(t, list, agent)
	return p
}

func mockPerformance(t *testing.T, client *rpc.Client) *performance {
	t.Helper()
	p := newPerformance(t, client, "mock")
	p.models = [2]string{"mock", "mock"}
	p.tell = errand.forMock
	p.create = func() session.CreateOptions { return session.CreateOptions{Agent: "mock", Directory: p.dir} }
	p.crash = func(p *performance) {
		turn := p.send(session.MessageOptions{Message: "crash"})
		p.until("the end of the turn", func(ev *universal.Event) bool {
			return ev.Type == universal.TypeTurnEnded && string(ev.TurnID) == turn
		})
	}
	return p
}

func realPerformance(t *testing.T, client *rpc.Client, lab *agentLab) *performance {
	t.Helper()
	p := newPerformance(t, client, lab.id)
	own := newMark("TEST_SESSION")
	p.real, p.models, p.tell = true, lab.models, errand.forModel
	p.create = func() session.CreateOptions {
		return session.CreateOptions{Agent: lab.id, Directory: p.dir, Env: map[string]string{own.name: own.value}}
	}
	p.crash = func(p *performance) {
		if err := os.Remove(p.path("pid.txt")); err != nil {
			p.t.Fatal(err)
		}
		turn := endless(p)
		lab.kill(p.t, own)
		start := time.Now()
		p.finish(turn)
		p.endedCommand(start)
	}
	return p
}

// endedCommand checks that the command which endless ran is gone in time.
func (p *performance) endedCommand(since time.Time) {
	p.t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(p.file("pid.txt")))
	if err != nil {
		p.t.Fatal(err)
	}
	for commandLine(pid) != "" { // one that is dead and not reaped has none
		if time.Since(since) > 2*time.Second {
			p.t.Errorf("the command is left as process %d after 2 s: %s", pid, commandLine(pid))
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
