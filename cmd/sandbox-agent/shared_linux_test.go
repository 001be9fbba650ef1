package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// crowd are many sessions on one server of an agent, each in a directory of
// its own and with words of its own, which no other may hear.
type crowd struct {
	t     *testing.T
	agent realAgent
	talks []*talk
	own   mark
}

func (c *crowd) word(i int) string { return fmt.Sprintf("word-of-%03d-", i) }

// crowdOf makes the sessions all at once.
func crowdOf(t *testing.T, client *rpc.Client, agent realAgent) *crowd {
	t.Helper()
	c := &crowd{t: t, agent: agent, own: newMark("TEST_SESSION"), talks: make([]*talk, agent.sessions)}
	var created sync.WaitGroup
	results, errs, dirs := make([]rpc.CreateResult, agent.sessions), make([]error, agent.sessions), make([]string, agent.sessions)
	for i := range c.talks {
		dirs[i] = t.TempDir()
		if err := os.WriteFile(filepath.Join(dirs[i], "word.txt"), []byte(c.word(i)+"file\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		created.Go(func() {
			results[i], errs[i] = client.Create(t.Context(), session.CreateOptions{
				SessionID: fmt.Sprint("session-", i), Agent: agent.id, Directory: dirs[i], PermissionMode: "bypass",
				Env: map[string]string{c.own.name: c.own.value},
			})
		})
	}
	created.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for i := range c.talks {
		c.talks[i] = follow(t, client, results[i], dirs[i])
	}
	return c
}

// say sends every session a message, and then waits for the end of all their
// turns, in the middle of which it calls meanwhile.
func (c *crowd) say(message func(i int) string, meanwhile func()) []*universal.TurnEndedData {
	c.t.Helper()
	start := time.Now()
	turns := make([]string, len(c.talks))
	for i, s := range c.talks {
		turns[i] = s.send(session.MessageOptions{Message: message(i)})
	}
	if meanwhile != nil {
		meanwhile()
	}
	ends := make([]*universal.TurnEndedData, len(c.talks))
	for i, s := range c.talks {
		ends[i] = s.finish(turns[i])
	}
	c.t.Logf("%d turns took %v", len(ends), time.Since(start).Round(time.Millisecond))
	return ends
}

// Many sessions in many directories share one process of the agent, and none
// hears of another. When the process is killed in the middle of their turns,
// each says so, and goes on with its own memory.
func TestManySessionsOnOneServer(t *testing.T) {
	t.Parallel()
	for _, agent := range realAgents() {
		if agent.sessions == 0 {
			continue
		}
		t.Run(agent.id, func(t *testing.T) {
			t.Parallel()
			lab := agent.lab(t)
			c := crowdOf(t, spawnBridge(t, lab.env(t.TempDir())), agent)
			servers := lab.processes(t, c.own)
			if len(servers) != 1 {
				t.Errorf("%d sessions have %d processes of the agent", len(c.talks), len(servers))
			}

			for i, end := range c.say(func(i int) string {
				return modelserver.Prompt("bash", modelserver.Input{
					"command": "cat word.txt; basename $PWD; echo " + c.word(i) + "made > made.txt", "after": c.word(i) + "said",
				})
			}, nil) {
				if end.StopReason != universal.StopEndTurn {
					t.Errorf("session %d: the turn ended as %s", i, end.StopReason)
				}
			}

			ends := c.say(func(i int) string {
				return modelserver.Prompt("bash", modelserver.Input{"command": "echo " + c.word(i) + "begun > begun.txt; while true; do sleep 1; done"})
			}, func() {
				for _, s := range c.talks {
					s.awaitFile("begun.txt")
				}
				lab.kill(t, c.own)
			})
			for i, s := range c.talks {
				if ends[i].StopReason != universal.StopError || len(s.errors()) != 1 || s.errors()[0] != universal.CategoryAgentCrash {
					t.Errorf("session %d: after the crash the turn ended as %s with errors of %v", i, ends[i].StopReason, s.errors())
				}
			}

			from := make([]int, len(c.talks))
			for i, s := range c.talks {
				from[i] = len(s.events)
			}
			c.say(func(i int) string { return modelserver.Prompt("count", nil) }, nil)
			for i, s := range c.talks {
				if said := s.said(from[i]); !strings.Contains(said, "assistant messages") || strings.Contains(said, " 0 assistant") {
					t.Errorf("session %d: after the crash the agent says %q", i, said)
				}
			}
			c.remembers(lab.server)
			if again := lab.processes(t, c.own); len(again) != 1 || again[0] == servers[0] {
				t.Errorf("after the crash the agent's processes are %v, before it %v", again, servers)
			}
			for _, s := range c.talks {
				s.terminate()
			}
			c.nobodyHearsOthers()
			if left := marked(t, c.own); len(left) > 0 {
				t.Errorf("processes %v are left, the first is %s", left, commandLine(left[0]))
			}
		})
	}
}

// remembers checks that the model was sent each conversation with its own
// beginning, once.
func (c *crowd) remembers(server *modelserver.Server) {
	c.t.Helper()
	seen := map[int]int{}
	for _, q := range server.ModelRequests() {
		if q.Tag != "count#0" {
			continue
		}
		for i := range c.talks {
			if strings.Contains(string(q.Body), c.word(i)) {
				seen[i]++
			}
		}
	}
	for i := range c.talks {
		if seen[i] != 1 {
			c.t.Errorf("session %d: the model was sent its words in %d requests after the crash", i, seen[i])
		}
	}
}

// nobodyHearsOthers looks through every stream, raw payloads included.
func (c *crowd) nobodyHearsOthers() {
	c.t.Helper()
	for i, s := range c.talks {
		var own [2]bool
		for k := range s.events {
			line, err := json.Marshal(&s.events[k])
			if err != nil {
				c.t.Fatal(err)
			}
			text := string(line)
			own[0] = own[0] || strings.Contains(text, c.word(i)+"file")
			own[1] = own[1] || strings.Contains(text, c.word(i)+"said")
			if rest := strings.ReplaceAll(text, c.word(i), ""); strings.Contains(rest, "word-of-") {
				c.t.Errorf("session %d hears of another: %.500s", i, rest)
			}
		}
		if !own[0] || !own[1] {
			c.t.Errorf("session %d does not hear of itself: %v", i, own)
		}
		if got := s.file("made.txt"); got != c.word(i)+"made\n" {
			c.t.Errorf("in the directory of session %d it says %q", i, got)
		}
	}
}
