package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// never is a time limit that only a broken test reaches.
const never = time.Minute

// patient are graces that end only by the process's own doing.
var patient = Graces{Goodbye: never, Input: never, Terminate: never}

func newSupervisor(t *testing.T) *Supervisor {
	t.Helper()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), never)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

func startShell(t *testing.T, s *Supervisor, graces Graces, script string) *Process {
	t.Helper()
	p, err := s.Start(t.Context(), Spec{Path: "/bin/sh", Args: []string{"-c", script}, Env: shellEnv(), Graces: graces})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func readLine(t *testing.T, p *Process) string {
	t.Helper()
	line, _, err := p.ReadLine()
	if err != nil {
		t.Fatalf("read line: %v; stderr: %s", err, p.Stderr().Head)
	}
	return string(line)
}

// say sends a command to a shell that runs [evalLoop].
func say(t *testing.T, p *Process, command string) {
	t.Helper()
	if err := p.Write([]byte(command + "\n")); err != nil {
		t.Fatal(err)
	}
}

// spawn sends a command that prints a pid, and returns the process.
func spawn(t *testing.T, p *Process, command string) ident {
	t.Helper()
	say(t, p, command)
	return identOf(t, readLine(t, p))
}

func identOf(t *testing.T, pid string) ident {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	got, _, ok := readStat(n, nil)
	if !ok {
		t.Fatalf("process %d doesn't exist", n)
	}
	return got.ident
}

// orphan starts a daemon and waits until it is a child of this process.
func orphan(t *testing.T, p *Process) ident {
	t.Helper()
	id := spawn(t, p, `( setsid sleep 300 & echo $! )`)
	eventually(t, "the orphan is adopted", func() bool {
		got, _, ok := readStat(id.pid, nil)
		return ok && got.parent == os.Getpid()
	})
	return id
}

// exists tells whether a process is there, be it as a zombie.
func exists(id ident) bool {
	p, _, ok := readStat(id.pid, nil)
	return ok && p.ident == id
}

func stop(t *testing.T, p *Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), never)
	defer cancel()
	if err := p.Stop(ctx, nil); err != nil {
		t.Fatal(err)
	}
}

func waitDone(t *testing.T, p *Process) Exit {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(never):
		t.Fatal("the process isn't done")
	}
	return p.Exit()
}

// eventually waits for a condition that comes true by itself.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(never); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("this never came true: ", what)
		}
	}
}

func wantMarked(t *testing.T, mark string, want ...int) {
	t.Helper()
	got, err := Marked(mark)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("processes with mark %s (-want +got):\n%s", mark, diff)
	}
}

// wantExit compares all but stderr, where shells tell of the death of children.
func wantExit(t *testing.T, want, got Exit) {
	t.Helper()
	got.Stderr = Stderr{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exit (-want +got):\n%s", diff)
	}
}

func code(n int) *int { return &n }

func TestProcessTalks(t *testing.T) {
	s := newSupervisor(t)
	p, err := s.Start(t.Context(), Spec{
		Path: "sh",
		Args: []string{"-c", `echo "$GREETING $PWD"; cat; echo oops >&2; exit 3`},
		Dir:  "/",
		Env:  append(shellEnv(), "GREETING=hello"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := readLine(t, p); got != "hello /" {
		t.Errorf("first line %q", got)
	}
	long := strings.Repeat("x", 300<<10)
	go func() {
		_ = p.Write([]byte(long + "\r\n"))
		_ = p.CloseInput()
	}()
	if got := readLine(t, p); got != long {
		t.Errorf("the long line came back with %d bytes, want %d", len(got), len(long))
	}
	if _, _, err := p.ReadLine(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v, want io.EOF", err)
	}
	want := Exit{Code: code(3), Stderr: Stderr{Head: "oops", TotalLines: 1}}
	if diff := cmp.Diff(want, waitDone(t, p)); diff != "" {
		t.Errorf("exit (-want +got):\n%s", diff)
	}
	if err := p.Write([]byte("x")); !errors.Is(err, ErrExited) {
		t.Errorf("write after the exit: %v, want ErrExited", err)
	}
	if _, err := p.KillSince(t.Context(), p.Checkpoint()); err != nil {
		t.Error(err)
	}
	stop(t, p)
}

func TestStartErrors(t *testing.T) {
	s := newSupervisor(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		ctx  context.Context
		spec Spec
		want error
	}{
		"no such program in PATH": {t.Context(), Spec{Path: "no-such-program-anywhere"}, exec.ErrNotFound},
		"no such file":            {t.Context(), Spec{Path: filepath.Join(t.TempDir(), "none")}, os.ErrNotExist},
		"not executable":          {t.Context(), Spec{Path: plain}, os.ErrPermission},
		"no such directory":       {t.Context(), Spec{Path: "/bin/sh", Dir: filepath.Join(t.TempDir(), "none")}, os.ErrNotExist},
		"cancelled":               {cancelled, Spec{Path: "/bin/sh"}, context.Canceled},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := s.Start(test.ctx, test.spec); !errors.Is(err, test.want) {
				t.Errorf("start: %v, want %v", err, test.want)
			}
		})
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Start(t.Context(), Spec{Path: "/bin/sh"}); !errors.Is(err, ErrClosed) {
		t.Errorf("start after close: %v, want ErrClosed", err)
	}
}

func TestStopLadder(t *testing.T) {
	const hold = `while :; do sleep 0.02; done`
	tests := map[string]struct {
		script  string
		graces  Graces
		goodbye string
		want    Exit
	}{
		"goodbye": {`echo ready; read -r line; exit 7`, patient, "bye\n", Exit{Code: code(7)}},
		"end of input": {
			`echo ready; cat; exit 5`, patient, "", Exit{Code: code(5)},
		},
		"SIGTERM": {
			`trap 'exit 9' TERM; echo ready; ` + hold,
			Graces{Input: time.Millisecond, Terminate: never}, "", Exit{Code: code(9)},
		},
		"SIGTERM untrapped": {
			`echo ready; exec sleep 300`,
			Graces{Input: time.Millisecond, Terminate: never}, "", Exit{Signal: "SIGTERM"},
		},
		"SIGKILL": {
			`trap '' TERM; echo ready; ` + hold,
			Graces{Goodbye: time.Millisecond, Input: time.Millisecond, Terminate: time.Millisecond}, "ignored\n", Exit{Signal: "SIGKILL"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := startShell(t, newSupervisor(t), test.graces, test.script)
			readLine(t, p)
			var goodbye func(context.Context) error
			if test.goodbye != "" {
				goodbye = func(ctx context.Context) error {
					if err := p.Write([]byte(test.goodbye)); err != nil {
						return err
					}
					<-ctx.Done() // an answer that never comes
					return ctx.Err()
				}
			}
			results := make(chan error)
			for range 3 {
				go func() { results <- p.Stop(t.Context(), goodbye) }()
			}
			for range 3 {
				if err := <-results; err != nil {
					t.Error(err)
				}
			}
			wantExit(t, test.want, p.Exit())
			wantMarked(t, p.Mark())
		})
	}
}

func TestStopGoesOnWithoutItsCaller(t *testing.T) {
	p := startShell(t, newSupervisor(t), Graces{Input: time.Millisecond, Terminate: time.Millisecond}, `trap '' TERM; echo ready; while :; do sleep 0.02; done`)
	readLine(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Stop(ctx, nil); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("stop: %v, want context.Canceled", err)
	}
	if got := waitDone(t, p).Signal; got != "SIGKILL" {
		t.Errorf("ended by %q, want SIGKILL", got)
	}
}

// escapes are the ways in which commands leave a process group. Each prints the
// pid of what stays.
var escapes = map[string]string{
	"child":                      `sleep 300 & echo $!`,
	"child that ignores SIGTERM": `sh -c 'trap "" TERM; while :; do sleep 0.05; done' & echo $!`,
	"setsid":                     `setsid sleep 300 & echo $!`,
	"orphan":                     `( sleep 300 & echo $! )`,
	"setsid orphan":              `( setsid sleep 300 & echo $! )`,
	"cleared":                    `env -i /bin/sleep 300 & echo $!`,
	"cleared setsid":             `env -i setsid /bin/sleep 300 & echo $!`,
	"cleared orphan":             `( env -i /bin/sleep 300 & echo $! )`,
	"cleared setsid orphan":      `( env -i setsid /bin/sleep 300 & echo $! )`,
}

func spawnEscapes(t *testing.T, p *Process) map[string]ident {
	t.Helper()
	left := make(map[string]ident)
	for name, command := range escapes {
		left[name] = spawn(t, p, command)
	}
	return left
}

func wantGone(t *testing.T, left map[string]ident) {
	t.Helper()
	for name, id := range left {
		if exists(id) {
			t.Errorf("%s: process %d is left", name, id.pid)
		}
	}
}

func TestNothingIsLeft(t *testing.T) {
	ends := map[string]func(*testing.T, *Supervisor, *Process){
		"after Stop": func(t *testing.T, _ *Supervisor, p *Process) { stop(t, p) },
		"after Close": func(t *testing.T, s *Supervisor, _ *Process) {
			if err := s.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"after an exit": func(t *testing.T, _ *Supervisor, p *Process) {
			say(t, p, `exit 4`)
			wantExit(t, Exit{Code: code(4)}, waitDone(t, p))
		},
		"after a crash": func(t *testing.T, _ *Supervisor, p *Process) {
			say(t, p, `kill -KILL $$`)
			if got := waitDone(t, p).Signal; got != "SIGKILL" {
				t.Errorf("ended by %q, want SIGKILL", got)
			}
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			s := newSupervisor(t)
			p := startShell(t, s, patient, evalLoop)
			left := spawnEscapes(t, p)
			end(t, s, p)
			wantGone(t, left)
			wantMarked(t, p.Mark())
			if _, _, err := p.ReadLine(); !errors.Is(err, io.EOF) {
				t.Errorf("read after the end: %v, want io.EOF", err)
			}
		})
	}
}

func TestNeighboursAreSpared(t *testing.T) {
	s := newSupervisor(t)
	older := startShell(t, s, patient, evalLoop)
	p := startShell(t, s, patient, evalLoop)
	younger := startShell(t, s, patient, evalLoop)
	bystander := exec.Command("/bin/sleep", "300")
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	defer bystander.Wait()
	defer bystander.Process.Kill()
	keep := spawnEscapes(t, older)
	for name, id := range spawnEscapes(t, younger) {
		keep["younger "+name] = id
	}
	stop(t, p)
	for name, id := range keep {
		if !id.alive() {
			t.Errorf("%s: process %d of another session is gone", name, id.pid)
		}
	}
	stop(t, older)
	stop(t, younger)
	wantGone(t, keep)
	if bystander.ProcessState != nil || !identOf(t, strconv.Itoa(bystander.Process.Pid)).alive() {
		t.Error("a process that wasn't started by the supervisor is gone")
	}
}

func TestCloseStopsManyAtOnce(t *testing.T) {
	s := newSupervisor(t)
	left := make(map[string]ident)
	for i := range 40 {
		p := startShell(t, s, Graces{}, evalLoop)
		left[fmt.Sprint("command ", i)] = spawn(t, p, `setsid sleep 300 & echo $!`)
		left[fmt.Sprint("stray ", i)] = spawn(t, p, `( env -i setsid /bin/sleep 300 & echo $! )`)
	}
	begun := time.Now()
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("closed in %v", time.Since(begun))
	wantGone(t, left)
	wantMarked(t, s.Mark())
}

func TestKillMarked(t *testing.T) {
	p := startShell(t, newSupervisor(t), patient, evalLoop)
	keep := map[string]ident{
		"agent":              identOf(t, strconv.Itoa(p.PID())),
		"unmarked server":    spawn(t, p, `sleep 300 & echo $!`),
		"background command": spawn(t, p, `SESSION=one setsid sleep 300 & echo $!`),
	}
	c := p.Checkpoint()
	for name, command := range map[string]string{
		"other session's command": `SESSION=two setsid sleep 300 & echo $!`,
		"similar name":            `MY_SESSION=one SESSION=once setsid sleep 300 & echo $!`,
		"unmarked command":        `setsid sleep 300 & echo $!`,
	} {
		keep[name] = spawn(t, p, command)
	}
	gone := map[string]ident{
		"command":                  spawn(t, p, `SESSION=one setsid sleep 300 & echo $!`),
		"marked server":            spawn(t, p, `SESSION=one sleep 300 & echo $!`),
		"orphaned command":         spawn(t, p, `( SESSION=one setsid sleep 300 & echo $! )`),
		"child that lost its mark": spawn(t, p, `SESSION=one setsid sh -c 'env -i /bin/sleep 300 & echo $!; exec 1>&-; wait' &`),
	}
	for name, id := range gone {
		eventually(t, name+" has its environment", func() bool {
			marked, err := Marked("SESSION=one")
			return err == nil && (slices.Contains(marked, id.pid) || name == "child that lost its mark")
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), never)
	defer cancel()
	if _, err := p.KillMarked(ctx, "SESSION=one", c); err != nil {
		t.Fatal(err)
	}
	for name, id := range gone {
		if id.alive() {
			t.Errorf("%s: process %d is left", name, id.pid)
		}
	}
	for name, id := range keep {
		if !id.alive() {
			t.Errorf("%s: process %d is gone", name, id.pid)
		}
	}
	if _, err := p.KillMarked(ctx, "SESSION=one", Checkpoint{}); err != nil {
		t.Fatal(err)
	}
	if keep["background command"].alive() {
		t.Error("a command that is older than no checkpoint is left")
	}
}

func TestKillSince(t *testing.T) {
	p := startShell(t, newSupervisor(t), patient, evalLoop)
	keep := map[string]ident{
		"agent":                   identOf(t, strconv.Itoa(p.PID())),
		"MCP server":              spawn(t, p, `sleep 300 & echo $!`),
		"background command":      spawn(t, p, `setsid sleep 300 & echo $!`),
		"orphaned background":     spawn(t, p, `( setsid sleep 300 & echo $! )`),
		"background with workers": spawn(t, p, `setsid sh -c 'while :; do sleep 0.01; done' & echo $!`),
	}
	c := p.Checkpoint()
	keep["late MCP server"] = spawn(t, p, `sleep 300 & echo $!`)
	gone := map[string]ident{
		"command":                  spawn(t, p, `setsid sleep 300 & echo $!`),
		"command without SIGTERM":  spawn(t, p, `setsid sh -c 'trap "" TERM; while :; do sleep 0.01; done' & echo $!`),
		"orphaned command":         spawn(t, p, `( setsid sleep 300 & echo $! )`),
		"command that was cleared": spawn(t, p, `env -i setsid /bin/sleep 300 & echo $!`),
	}
	for name, id := range gone {
		eventually(t, name+" has called setsid", func() bool {
			got, _, ok := readStat(id.pid, nil)
			return ok && got.session == id.pid
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), never)
	defer cancel()
	killed, err := p.KillSince(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if killed < len(gone) {
		t.Errorf("%d processes were killed, want at least %d", killed, len(gone))
	}
	for name, id := range gone {
		if id.alive() {
			t.Errorf("%s: process %d is left", name, id.pid)
		}
	}
	for name, id := range keep {
		if !id.alive() {
			t.Errorf("%s: process %d is gone", name, id.pid)
		}
	}
	if killed, err = p.KillSince(ctx, p.Checkpoint()); killed != 0 || err != nil {
		t.Errorf("KillSince with nothing to do: %d, %v", killed, err)
	}
	if say(t, p, "echo here"); readLine(t, p) != "here" {
		t.Error("the agent doesn't answer any more")
	}
	stop(t, p)
	wantGone(t, keep)
}

func TestCheckpointWithinATick(t *testing.T) {
	tests := map[string]struct {
		id   ident
		want bool
	}{
		"a tick before":               {ident{900, 6}, true},
		"a tick after":                {ident{100, 8}, false},
		"same tick, same process":     {ident{500, 7}, true},
		"same tick, before":           {ident{499, 7}, true},
		"same tick, after":            {ident{501, 7}, false},
		"same tick, before a restart": {ident{32000, 7}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.id.before(Checkpoint{tick: 7, lastPID: 500}); got != test.want {
				t.Errorf("before = %v, want %v", got, test.want)
			}
		})
	}
}

func TestAdoptedZombiesAreReaped(t *testing.T) {
	p := startShell(t, newSupervisor(t), patient, evalLoop)
	orphan := orphan(t, p)
	if err := orphan.signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the orphan is reaped", func() bool { return !exists(orphan) })
}

func TestForeignChildrenAreNotReaped(t *testing.T) {
	s := newSupervisor(t)
	p := startShell(t, s, patient, evalLoop)
	foreign := exec.Command("/bin/sh", "-c", "exit 6")
	if err := foreign.Start(); err != nil {
		t.Fatal(err)
	}
	// When an orphan that died later was reaped, the foreign child was spared.
	eventually(t, "the foreign child is a zombie", func() bool {
		got, _, ok := readStat(foreign.Process.Pid, nil)
		return ok && got.zombie
	})
	orphan := orphan(t, p)
	if err := orphan.signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the orphan is reaped", func() bool { return !exists(orphan) })
	if _ = foreign.Wait(); foreign.ProcessState == nil || foreign.ProcessState.ExitCode() != 6 {
		t.Errorf("the foreign child ended with %v, want code 6", foreign.ProcessState)
	}
}

func TestOutputEndsAlsoWhenSomebodyHoldsIt(t *testing.T) {
	p := startShell(t, newSupervisor(t), patient, evalLoop)
	for _, stream := range []string{"1", "2"} {
		held, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/%s", p.PID(), stream), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
	}
	say(t, p, `echo first; echo warning >&2; echo last; exit 0`)
	waitDone(t, p)
	for _, want := range []string{"first", "last"} {
		if got := readLine(t, p); got != want {
			t.Errorf("line %q, want %q", got, want)
		}
	}
	if _, _, err := p.ReadLine(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v, want io.EOF", err)
	}
	if got := p.Exit().Stderr.Head; got != "warning" {
		t.Errorf("stderr %q, want %q", got, "warning")
	}
}

func TestBlockedReaderSeesTheEnd(t *testing.T) {
	p := startShell(t, newSupervisor(t), patient, evalLoop)
	held, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/1", p.PID()), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	read := make(chan error)
	go func() {
		_, _, err := p.ReadLine()
		read <- err
	}()
	stop(t, p)
	select {
	case err := <-read:
		if !errors.Is(err, io.EOF) {
			t.Errorf("read: %v, want io.EOF", err)
		}
	case <-time.After(never):
		t.Fatal("the reader is blocked")
	}
}

func TestBlockedWriteIsFreed(t *testing.T) {
	ends := map[string]struct {
		end  func(*testing.T, *Process)
		want []error
	}{
		// Stop closes the input, and the process may have ended by the time that
		// the write notices.
		"by Stop":       {func(t *testing.T, p *Process) { stop(t, p) }, []error{ErrInputClosed, ErrExited}},
		"by CloseInput": {func(t *testing.T, p *Process) { _ = p.CloseInput() }, []error{ErrInputClosed}},
		"by the exit": {func(t *testing.T, p *Process) {
			if err := unix.Kill(p.PID(), unix.SIGKILL); err != nil {
				t.Error(err)
			}
		}, []error{ErrExited}},
	}
	for name, test := range ends {
		t.Run(name, func(t *testing.T) {
			p := startShell(t, newSupervisor(t), Graces{Input: time.Millisecond}, `exec sleep 300`)
			// Somebody else who holds the read end keeps a write blocked also
			// after the exit.
			held, err := os.Open(fmt.Sprintf("/proc/%d/fd/0", p.PID()))
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			written := make(chan error)
			for range 2 { // the second one waits for the first one
				go func() { written <- p.Write(make([]byte, 1<<20)) }()
			}
			eventually(t, "a write has begun", func() bool { return len(p.writing) == 1 })
			test.end(t, p)
			for range 2 {
				select {
				case err := <-written:
					if !slices.ContainsFunc(test.want, func(want error) bool { return errors.Is(err, want) }) {
						t.Errorf("write: %v, want %v", err, test.want)
					}
				case <-time.After(never):
					t.Fatal("a write is blocked")
				}
			}
		})
	}
}

// A process that doesn't want its input any more is about to end.
func TestWriteToClosedInput(t *testing.T) {
	p := startShell(t, newSupervisor(t), Graces{Input: time.Millisecond}, `exec <&-; echo closed; exec sleep 300`)
	if line, _, err := p.ReadLine(); err != nil || string(line) != "closed" {
		t.Fatalf("%q, %v", line, err)
	}
	if err := p.Write([]byte("x\n")); !errors.Is(err, ErrInputClosed) {
		t.Errorf("write: %v", err)
	}
	stop(t, p)
}

func TestConcurrentWritesDontMix(t *testing.T) {
	p := startShell(t, newSupervisor(t), patient, `exec cat`)
	const writers, size = 8, 100 << 10
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			message := append(bytes.Repeat([]byte{'a' + byte(i)}, size), '\n')
			if err := p.Write(message); err != nil {
				t.Error(err)
			}
		})
	}
	for range writers {
		line := readLine(t, p)
		if want := strings.Repeat(line[:1], size); line != want {
			t.Errorf("a message of %d bytes is mixed with others", len(line))
		}
	}
	writing.Wait()
	stop(t, p)
}

func TestOnlyThePipesAreInherited(t *testing.T) {
	before := openFiles(t, os.Getpid()) // whoever started the tests may hand something on
	s := newSupervisor(t)
	startShell(t, s, patient, evalLoop)
	p := startShell(t, s, patient, `exec cat`)
	// While cat is being loaded it has its libraries open. Once it answers, it
	// has what it was given.
	if say(t, p, "here"); readLine(t, p) != "here" {
		t.Fatal("cat doesn't answer")
	}
	var got []string
	for fd, file := range openFiles(t, p.PID()) {
		if before[fd] != file {
			got = append(got, fd)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"0", "1", "2"}, got); diff != "" {
		t.Errorf("open files (-want +got):\n%s", diff)
	}
}

// openFiles returns what the descriptors of a process are.
func openFiles(t *testing.T, pid int) map[string]string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, e := range entries {
		// Our own descriptor of the directory is closed by now.
		if link, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil {
			files[e.Name()] = link
		}
	}
	return files
}

func TestParseStat(t *testing.T) {
	const rest = " 1 20 30 34816 30 4194560 1 0 0 0 0 0 0 0 20 0 1 0 123456 8192 1 18446744073709551615 0"
	tests := map[string]struct {
		stat string
		want proc
		ok   bool
	}{
		"plain":        {"40 (sh) S" + rest, proc{ident: ident{40, 123456}, parent: 1, group: 20, session: 30}, true},
		"odd name":     {"40 (a) R (b) S" + rest, proc{ident: ident{40, 123456}, parent: 1, group: 20, session: 30}, true},
		"zombie":       {"40 (sh) Z" + rest, proc{ident: ident{40, 123456}, parent: 1, group: 20, session: 30, zombie: true}, true},
		"first thread": {"40 (sh) Z" + strings.Replace(rest, "20 0 1 0", "20 0 3 0", 1), proc{ident: ident{40, 123456}, parent: 1, group: 20, session: 30}, true},
		"cut":          {"40 (sh) S 1 2", proc{}, false},
		"empty":        {"", proc{}, false},
		"not a number": {"x (sh) S" + rest, proc{}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := parseStat([]byte(test.stat))
			if ok != test.ok {
				t.Fatalf("ok = %v, want %v", ok, test.ok)
			}
			if ok && got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestLookUp(t *testing.T) {
	tests := map[string]struct {
		environ string
		want    string
		ok      bool
	}{
		"first":               {"NAME=1\x00B=2\x00", "1", true},
		"last":                {"B=2\x00NAME=1\x00", "1", true},
		"not ended":           {"B=2\x00NAME=1", "1", true},
		"in another value":    {"B=NAME=2\x00", "", false},
		"in another name":     {"XNAME=2\x00NAMEX=3\x00NAME=1\x00", "1", true},
		"twice in one string": {"NAMENAME=2\x00", "", false},
		"empty":               {"", "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := lookUp([]byte(test.environ), "NAME")
			if got != test.want || ok != test.ok {
				t.Errorf("lookUp = %q, %v, want %q, %v", got, ok, test.want, test.ok)
			}
		})
	}
}
