package process

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// bridge is a program of its own that supervises a shell.
type bridge struct {
	t     *testing.T
	mark  string
	in    io.WriteCloser
	lines *bufio.Scanner
	cmd   *exec.Cmd
}

func startBridge(t *testing.T) *bridge {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(shellEnv(), roleVariable+"=bridge")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := &bridge{t: t, in: in, lines: bufio.NewScanner(out), cmd: cmd}
	t.Cleanup(b.kill)
	b.mark = b.readLine()
	return b
}

func (b *bridge) readLine() string {
	b.t.Helper()
	if !b.lines.Scan() {
		b.t.Fatalf("read line: %v", b.lines.Err())
	}
	return b.lines.Text()
}

func (b *bridge) spawn(command string) ident {
	b.t.Helper()
	if _, err := io.WriteString(b.in, command+"\n"); err != nil {
		b.t.Fatal(err)
	}
	return identOf(b.t, b.readLine())
}

func (b *bridge) kill() {
	if b.cmd.ProcessState == nil {
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
	}
}

func (b *bridge) guard() ident {
	b.t.Helper()
	pids, err := Marked(guardVariable + "=" + b.mark)
	if err != nil || len(pids) != 1 {
		b.t.Fatalf("guards of the bridge: %v, %v, want one", pids, err)
	}
	return identOf(b.t, strconv.Itoa(pids[0]))
}

// marked tells whether exactly these processes have a mark.
func marked(t *testing.T, mark string, want ...int) func() bool {
	return func() bool {
		t.Helper()
		got, err := Marked(mark)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		slices.Sort(want)
		return slices.Equal(got, want)
	}
}

func TestNothingIsLeftOfAKilledBridge(t *testing.T) {
	b := startBridge(t)
	left := make(map[string]ident)
	for name, command := range escapes {
		// The package comment tells of this limit: such a child is found by its
		// parent only, which dies with the bridge.
		if !strings.HasPrefix(name, "cleared setsid") {
			left[name] = b.spawn(command)
		}
	}
	guard := b.guard()
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP} {
		if err := guard.signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	killed := time.Now()
	b.kill()
	eventually(t, "no process has the mark", marked(t, b.mark))
	t.Logf("cleared up %v after the kill", time.Since(killed))
	for name, id := range left {
		eventually(t, name+" is gone", func() bool { return !id.alive() })
	}
	eventually(t, "the guard has ended", func() bool { return !guard.alive() })
}

func TestGuardHoldsNothing(t *testing.T) {
	b := startBridge(t)
	guard := b.guard()
	stdio := map[string]string{}
	for fd, file := range openFiles(t, guard.pid) {
		if fd == "0" || fd == "1" || fd == "2" {
			stdio[fd], _, _ = strings.Cut(file, ":")
		}
	}
	if diff := cmp.Diff(map[string]string{"0": "pipe", "1": "/dev/null", "2": "/dev/null"}, stdio); diff != "" {
		t.Errorf("standard streams (-want +got):\n%s", diff)
	}
	if cwd, err := os.Readlink("/proc/" + strconv.Itoa(guard.pid) + "/cwd"); err != nil || cwd != "/" {
		t.Errorf("working directory %q, %v, want /", cwd, err)
	}
	if got, _, ok := readStat(guard.pid, nil); !ok || got.session != guard.pid {
		t.Errorf("the guard is in session %d, want one of its own", got.session)
	}
	// A bridge that ends in order takes its guard along.
	if err := b.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Wait(); err != nil {
		t.Errorf("the bridge ended with %v", err)
	}
	if guard.alive() {
		t.Error("the guard outlives a bridge that has closed its supervisor")
	}
}

func TestGuardIsStartedAgain(t *testing.T) {
	s := newSupervisor(t)
	first := startShell(t, s, patient, evalLoop)
	guards := func() []int {
		pids, err := Marked(guardVariable + "=" + s.Mark())
		if err != nil {
			t.Fatal(err)
		}
		return pids
	}
	before := guards()
	if len(before) != 1 {
		t.Fatalf("guards: %v, want one", before)
	}
	if err := unix.Kill(before[0], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	var exited chan struct{}
	if err := s.spawner.do(t.Context(), func() error { exited = s.guard.exited; return nil }); err != nil {
		t.Fatal(err)
	}
	<-exited
	startShell(t, s, patient, evalLoop)
	if after := guards(); len(after) != 1 || after[0] == before[0] {
		t.Errorf("guards: %v, want another one than %v", after, before)
	}
	stop(t, first)
}

func TestGuardThatDoesNotReport(t *testing.T) {
	s, err := New(Options{GuardCommand: []string{"/bin/true"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	_, err = s.Start(t.Context(), Spec{Path: "/bin/true"})
	if err == nil || !strings.Contains(err.Error(), "RunGuardIfAsked") {
		t.Errorf("start: %v, want an error that names RunGuardIfAsked", err)
	}
}

// A bridge may run inside a session of another one.
func TestBridgeWithinABridge(t *testing.T) {
	s := newSupervisor(t)
	p, err := s.Start(t.Context(), Spec{
		Path:   os.Args[0],
		Env:    append(shellEnv(), roleVariable+"=bridge"),
		Graces: Graces{Input: time.Millisecond, Terminate: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	inner := readLine(t, p)
	left := map[string]ident{
		"agent":        spawn(t, p, `echo $$`),
		"command":      spawn(t, p, `setsid sleep 300 & echo $!`),
		"orphan":       spawn(t, p, `( setsid sleep 300 & echo $! )`),
		"inner bridge": identOf(t, strconv.Itoa(p.PID())),
	}
	guards, err := Marked(guardVariable + "=" + inner)
	if err != nil || len(guards) != 1 {
		t.Fatalf("guards of the inner bridge: %v, %v, want one", guards, err)
	}
	left["inner guard"] = identOf(t, strconv.Itoa(guards[0]))
	// A subshell of the agent may still be there for a moment.
	inside := []int{left["agent"].pid, left["command"].pid, left["orphan"].pid}
	eventually(t, "the inner mark is on the inner agent and its commands", marked(t, inner, inside...))
	eventually(t, "the outer mark is on all", marked(t, p.Mark(), append(inside, p.PID(), guards[0])...))
	left["cleared child"] = spawn(t, p, `env -i /bin/sleep 300 & echo $!`)
	stop(t, p)
	wantGone(t, left)
	wantMarked(t, inner)
	wantMarked(t, p.Mark())
}
