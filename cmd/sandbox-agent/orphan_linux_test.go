package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// marked lists the processes with a mark in their environment.
func marked(t *testing.T, m mark) []int {
	t.Helper()
	pids, err := process.Marked(m.String())
	if err != nil {
		t.Fatal(err)
	}
	return pids
}

// commandLine is how a process was started, "" if it is gone.
func commandLine(pid int) string {
	b, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return strings.TrimRight(strings.ReplaceAll(string(b), "\x00", " "), " ")
}

// gone polls until no process has the mark but those in stay. It fails if
// that took longer than limit.
func gone(t *testing.T, m mark, since time.Time, limit time.Duration, stay ...int) {
	t.Helper()
	var left []int
	for {
		left = slices.DeleteFunc(marked(t, m), func(pid int) bool { return slices.Contains(stay, pid) })
		took := time.Since(since)
		if len(left) == 0 {
			t.Logf("everything of %s was gone after %v", m.name, took.Round(time.Millisecond))
			return
		}
		if took > limit {
			for _, pid := range left {
				t.Errorf("after %v process %d is left: %s", limit, pid, commandLine(pid))
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// strays is a command that leaves as much behind as a command can: a daemon in
// a session of its own, a sleeper that lost its parent and the variables of
// whoever looks for it, one in the background, and a loop in the foreground.
// The test's mark is in the environment of all.
func strays(m mark) string {
	return strings.ReplaceAll(`(setsid nohup sleep 300 >/dev/null 2>&1 &); `+
		`(env -i MARK="$MARK" sleep 300 >/dev/null 2>&1 &); `+
		`sleep 300 >/dev/null 2>&1 & `+
		`for i in $(seq 300); do sleep 1; done`, "MARK", m.name)
}

// sleepers waits until n processes with the mark run a command.
func sleepers(t *testing.T, m mark, n int) {
	t.Helper()
	eventually(t, "the commands to run", func() bool {
		found := 0
		for _, pid := range marked(t, m) {
			if commandLine(pid) == "sleep 300" {
				found++
			}
		}
		return found == n
	})
}

// orphanRun is a session of a real agent in the middle of a command.
type orphanRun struct {
	*parent
	lab     *agentLab
	can     *drivers.Capabilities
	stream  *stream
	turn    string
	agent   []int // the agent's processes; none where each turn has its own
	early   []int // all that ran before the first turn
	session mark  // of the agent and all that it starts
	bridge  mark  // of the bridge and everything else
}

// orphanBridge starts a bridge whose processes can be found.
func (l *agentLab) orphanBridge(t *testing.T) *orphanRun {
	t.Helper()
	r := &orphanRun{lab: l, session: newMark("TEST_SESSION"), bridge: newMark("TEST_BRIDGE")}
	r.parent = l.bridge(t, r.bridge.String())
	var list rpc.AgentsResult
	r.call("agents/list", nil, &list)
	r.can = abilities(t, list, l.id)
	return r
}

// options are those of a session whose processes can be found and that runs
// every command.
func (r *orphanRun) options() params {
	return params{
		"agent": r.lab.id, "directory": r.t.TempDir(), "permissionMode": "bypass",
		"env": params{r.session.name: r.session.value},
	}
}

func (l *agentLab) orphanRun(t *testing.T) *orphanRun {
	t.Helper()
	r := l.orphanBridge(t)
	r.create("s", r.options())
	r.stream, _ = r.subscribe("s", nil)
	r.agent, r.early = l.processes(t, r.session), marked(t, r.session)
	r.turn = r.send("s", modelserver.Prompt("bash", modelserver.Input{"command": strays(r.session)})).TurnID
	sleepers(t, r.session, 3)
	return r
}

func (r *orphanRun) signal(sig os.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		r.t.Fatal(err)
	}
}

// ends checks the promises about the end of a bridge: everything is gone, the
// client got the last events, and the exit code.
func (r *orphanRun) ends(start time.Time) {
	r.t.Helper()
	gone(r.t, r.session, start, 2*time.Second)
	r.stream.closed()
	took := r.exit(start, exitOK)
	r.t.Logf("the bridge had ended after %v", took.Round(time.Millisecond))
	if took > 3*time.Second {
		r.t.Errorf("the bridge took %v to end", took)
	}
	gone(r.t, r.bridge, start, 3*time.Second)
}

// Real agents run commands that try to stay, and each way in which a turn, a
// session or a bridge ends has to remove them. These tests measure time, so
// they don't run beside others of this package.
func TestNoOrphans(t *testing.T) {
	for i, agent := range realAgents() {
		t.Run(agent.id, func(t *testing.T) {
			lab := agent.lab(t)
			t.Run("interrupt, then terminate", lab.orphansOfTurns)
			t.Run("crash", lab.orphansOfCrash)
			if agent.sessions > 0 {
				t.Run("one of two sessions", lab.orphansOfSharedServer)
			}
			t.Run("end of input", lab.orphansAfter((*orphanRun).closeInput))
			t.Run("SIGTERM", lab.orphansAfter(func(r *orphanRun) { r.signal(syscall.SIGTERM) }))
			t.Run("SIGKILL", lab.orphansOfDeath)
			lab.orphansOfStart(t)
			if i > 0 {
				return
			}
			// To an agent these are the same as one of those above.
			t.Run("delete", lab.orphansOfDeletion)
			t.Run("SIGINT", lab.orphansAfter(func(r *orphanRun) { r.signal(syscall.SIGINT) }))
			t.Run("shutdown and exit", lab.orphansAfter(func(r *orphanRun) {
				r.call("shutdown", nil, nil)
				r.notify("exit", nil)
			}))
			t.Run("second signal", lab.orphansOfHaste)
		})
	}
}

func (l *agentLab) orphansOfTurns(t *testing.T) {
	r := l.orphanRun(t)
	start := time.Now()
	r.call("sessions/interrupt", params{"sessionId": "s"}, nil)
	t.Logf("the interrupt was answered after %v", time.Since(start).Round(time.Millisecond))
	gone(t, r.session, start, 2*time.Second, r.early...)
	if ended := r.stream.turnEnded(r.turn); ended.StopReason != universal.StopInterrupted {
		t.Errorf("stop reason %q", ended.StopReason)
	}

	// The session goes on, with the same process. A command that the person
	// was told of outlives its turn and the next interrupt, but not its
	// session.
	background := 0
	if r.can.BackgroundTasks {
		turn := r.send("s", modelserver.Prompt("bash_bg", modelserver.Input{"command": "sleep 300"})).TurnID
		if ended := r.stream.turnEnded(turn); ended.StopReason != universal.StopEndTurn {
			t.Errorf("stop reason %q after the interrupt", ended.StopReason)
		}
		background = 1
		sleepers(t, r.session, background)
	}
	for _, agent := range r.agent {
		if !slices.Contains(marked(t, r.session), agent) {
			t.Errorf("the agent, process %d, did not survive the interrupt", agent)
		}
	}
	r.send("s", modelserver.Prompt("bash", modelserver.Input{"command": strays(r.session)}))
	sleepers(t, r.session, 3+background)

	start = time.Now()
	r.call("sessions/terminate", params{"sessionId": "s"}, nil)
	t.Logf("the terminate was answered after %v", time.Since(start).Round(time.Millisecond))
	gone(t, r.session, start, 2*time.Second)
	if info := r.list(); len(info) != 1 || info[0].Status != session.Ended {
		t.Errorf("sessions %+v", info)
	}
	r.endsClean()
	gone(t, r.bridge, start, patience)
}

func (l *agentLab) orphansOfDeletion(t *testing.T) {
	r := l.orphanRun(t)
	start := time.Now()
	r.call("sessions/delete", params{"sessionId": "s"}, nil)
	gone(t, r.session, start, 2*time.Second)
	r.stream.ended(session.EndDeleted)
	if info := r.list(); len(info) != 0 {
		t.Errorf("sessions %+v", info)
	}
	r.endsClean()
}

// An agent that is killed leaves its commands to the bridge.
func (l *agentLab) orphansOfCrash(t *testing.T) {
	r := l.orphanRun(t)
	start := time.Now()
	l.kill(t, r.session)
	gone(t, r.session, start, 2*time.Second)
	if ended := r.stream.turnEnded(r.turn); ended.StopReason != universal.StopError {
		t.Errorf("stop reason %q", ended.StopReason)
	}
	r.endsClean()
}

// Of two sessions on one server of the agent one ends. What it ran and what
// can be told apart is gone, the rest goes with the server, and the other
// session goes on.
func (l *agentLab) orphansOfSharedServer(t *testing.T) {
	r := l.orphanRun(t)
	r.create("other", r.options())
	other, _ := r.subscribe("other", nil)
	if n := len(l.processes(t, r.session)); n != 1 {
		t.Errorf("two sessions have %d processes of the agent", n)
	}
	turn := r.send("other", modelserver.Prompt("bash", modelserver.Input{"command": "while true; do sleep 301; done"})).TurnID
	running := func(command string) bool {
		return slices.ContainsFunc(marked(t, r.session), func(pid int) bool { return commandLine(pid) == command })
	}
	eventually(t, "the command of the other session", func() bool { return running("sleep 301") })

	start := time.Now()
	r.call("sessions/terminate", params{"sessionId": "s"}, nil)
	for running("sleep 1") {
		if time.Since(start) > 2*time.Second {
			t.Error("the running command of the ended session is left")
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if !running("sleep 301") {
		t.Error("the command of the other session is gone")
	}
	r.call("sessions/interrupt", params{"sessionId": "other"}, nil)
	if ended := other.turnEnded(turn); ended.StopReason != universal.StopInterrupted {
		t.Errorf("stop reason %q", ended.StopReason)
	}
	turn = r.send("other", modelserver.Prompt("text", nil)).TurnID
	if ended := other.turnEnded(turn); ended.StopReason != universal.StopEndTurn {
		t.Errorf("stop reason %q", ended.StopReason)
	}

	start = time.Now()
	r.call("sessions/terminate", params{"sessionId": "other"}, nil)
	gone(t, r.session, start, 2*time.Second)
	r.endsClean()
}

// orphansAfter is a test of a bridge that is told to end.
func (l *agentLab) orphansAfter(end func(*orphanRun)) func(*testing.T) {
	return func(t *testing.T) {
		r := l.orphanRun(t)
		start := time.Now()
		end(r)
		r.ends(start)
	}
}

// Two different signals, since two of one kind may arrive as one.
func (l *agentLab) orphansOfHaste(t *testing.T) {
	r := l.orphanRun(t)
	start := time.Now()
	r.signal(syscall.SIGTERM)
	r.signal(syscall.SIGINT)
	took := r.exit(start, exitFailed)
	t.Logf("the bridge had ended after %v", took.Round(time.Millisecond))
	gone(t, r.session, start, 5*time.Second)
	gone(t, r.bridge, start, 5*time.Second)
}

// The bridge is killed.
func (l *agentLab) orphansOfDeath(t *testing.T) {
	r := l.orphanRun(t)
	start := time.Now()
	r.signal(syscall.SIGKILL)
	gone(t, r.session, start, 5*time.Second)
	gone(t, r.bridge, start, 5*time.Second)
}

// The agent is there, but does not say so: it was stopped at once. The message
// is for those that begin with it.
func (l *agentLab) orphansOfStart(t *testing.T) {
	for name, end := range map[string]struct {
		how    func(r *orphanRun)
		limit  time.Duration
		answer bool // to what was asked
	}{
		"end of input during a start": {func(r *orphanRun) { r.closeInput() }, 3 * time.Second, true},
		"SIGTERM during a start":      {func(r *orphanRun) { r.signal(syscall.SIGTERM) }, 3 * time.Second, true},
		"SIGKILL during a start":      {func(r *orphanRun) { r.signal(syscall.SIGKILL) }, 5 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := l.orphanBridge(t)
			opts := r.options()
			opts["sessionId"] = "s"
			create := r.ask("sessions/create", opts)
			send := r.ask("sessions/sendMessage", params{"sessionId": "s", "message": modelserver.Prompt("text", nil)})
			eventually(t, "the agent's process", func() bool {
				for _, pid := range marked(t, r.session) {
					return syscall.Kill(pid, syscall.SIGSTOP) == nil
				}
				return false
			})
			start := time.Now()
			end.how(r)
			gone(t, r.session, start, end.limit)
			gone(t, r.bridge, start, end.limit)
			if !end.answer {
				return
			}
			r.exit(start, exitOK)
			created, sent := r.answer(create), r.answer(send)
			if err := created.Error; err == nil && sent.Error != nil || err != nil && err.Code != codeSessionEnded {
				t.Errorf("the create was answered %s, %+v and the message %s, %+v", created.Result, created.Error, sent.Result, sent.Error)
			}
		})
	}
}
