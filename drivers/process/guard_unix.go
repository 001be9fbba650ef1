//go:build unix

package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const (
	// guardReady bounds how long a guard takes to report that it watches: some
	// milliseconds, unless the machine is very busy.
	guardReady = 30 * time.Second
	// guardWrite bounds how long the bridge waits for a guard that doesn't read.
	guardWrite = 200 * time.Millisecond
	// guardEnd bounds how long the guard takes to end when it is dismissed.
	guardEnd = time.Second
)

// guardFarewell is the line that ends a guard without any killing.
const guardFarewell = "bye"

// guard is the bridge's end of the guard process. Only the bridge has the write
// end of the pipe that the guard reads; when the bridge dies, however that
// happens, the guard sees the end of the pipe. All methods are for the
// spawner's goroutine.
//
// On the pipe the bridge tells which processes it has started, "+PID START" and
// "-PID START", one per line. That helps to find descendants without a mark.
type guard struct {
	command       []string
	bridge, outer string
	log           *slog.Logger

	watched map[ident]struct{}
	cmd     *exec.Cmd
	pipe    *os.File
	exited  chan struct{} // closed when cmd has ended; nil without a guard
}

func newGuard(command []string, bridge, outer string, log *slog.Logger) *guard {
	return &guard{command: command, bridge: bridge, outer: outer, log: log, watched: make(map[ident]struct{})}
}

// ensure starts the guard unless it runs.
func (g *guard) ensure() error {
	if g.exited != nil {
		select {
		case <-g.exited:
			g.log.Warn("the guard has ended, starting another one", "state", g.cmd.ProcessState)
			_ = g.pipe.Close()
			g.exited = nil
		default:
			return nil
		}
	}
	if err := g.start(); err != nil {
		return fmt.Errorf("start the guard of this bridge: %w", err)
	}
	for id := range g.watched {
		g.tell('+', id)
	}
	return nil
}

func (g *guard) start() error {
	// A program that forgets RunGuardIfAsked would start guards without end.
	if _, ok := os.LookupEnv(guardVariable); ok {
		return errors.New("this process was started as a guard, but its main doesn't call RunGuardIfAsked")
	}
	command := g.command
	if len(command) == 0 {
		self, err := ownExecutable()
		if err != nil {
			return err
		}
		command = []string{self}
	}
	input, pipe, err := os.Pipe()
	if err != nil {
		return err
	}
	defer input.Close()
	ready, report, err := os.Pipe()
	if err != nil {
		return errors.Join(err, pipe.Close())
	}
	defer ready.Close()

	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = "/" // holds no directory of the user
	cmd.Env = []string{guardVariable + "=" + g.bridge, "GOMAXPROCS=1"}
	if g.outer != "" {
		cmd.Env = append(cmd.Env, MarkVariable+"="+g.outer)
	}
	cmd.Stdin = input // stdout and stderr are the null device
	cmd.ExtraFiles = []*os.File{report}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	_ = report.Close()
	if err != nil {
		return errors.Join(err, pipe.Close())
	}
	exited := make(chan struct{})
	go func() { // ends with the guard
		_ = cmd.Wait()
		close(exited)
	}()
	_ = ready.SetReadDeadline(time.Now().Add(guardReady))
	if n, _ := ready.Read(make([]byte, 1)); n == 0 {
		_ = cmd.Process.Kill()
		<-exited
		return errors.Join(fmt.Errorf("%s didn't report: its main must call RunGuardIfAsked first", command[0]), pipe.Close())
	}
	g.cmd, g.pipe, g.exited = cmd, pipe, exited
	return nil
}

// watch tells the guard of a process that was started.
func (g *guard) watch(id ident) {
	g.watched[id] = struct{}{}
	g.tell('+', id)
}

// forget tells the guard that nothing is left of a process.
func (g *guard) forget(id ident) {
	delete(g.watched, id)
	g.tell('-', id)
}

func (g *guard) tell(what byte, id ident) {
	if g.exited != nil {
		g.write(fmt.Sprintf("%c%d %d\n", what, id.pid, id.start))
	}
}

// write doesn't report errors: the next start finds out that the guard is gone.
func (g *guard) write(line string) {
	_ = g.pipe.SetWriteDeadline(time.Now().Add(guardWrite))
	if _, err := io.WriteString(g.pipe, line); err != nil {
		g.log.Debug("can't reach the guard", "error", err)
	}
}

// dismiss ends the guard.
func (g *guard) dismiss() {
	if g.exited == nil {
		return
	}
	g.write(guardFarewell + "\n")
	_ = g.pipe.Close()
	timer := time.NewTimer(guardEnd)
	defer timer.Stop()
	select {
	case <-g.exited:
	case <-timer.C:
		_ = g.cmd.Process.Kill()
		<-g.exited
	}
	g.exited = nil
}

// RunGuardIfAsked has to be the first thing that main does, and TestMain of
// tests that start processes. In a process that a [Supervisor] has started as
// its guard it doesn't return; everywhere else it returns at once.
//
// The guard is a second process of the same program. It waits until its bridge
// is gone, kills what the bridge has left, and exits. A bridge that was closed
// in order dismisses it. Interrupts and the like don't end it.
func RunGuardIfAsked() {
	bridge, ok := os.LookupEnv(guardVariable)
	if !ok {
		return
	}
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	report := os.NewFile(3, "report")
	_, _ = report.Write([]byte{'.'})
	_ = report.Close()
	if left, dismissed := watchBridge(os.Stdin); !dismissed {
		killLeft(bridge, left)
	}
	os.Exit(0)
}

// watchBridge reads the pipe of the bridge to its end, and returns the
// processes that were running then.
func watchBridge(pipe io.Reader) (left map[ident]struct{}, dismissed bool) {
	left = make(map[ident]struct{})
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		line := lines.Text()
		if line == guardFarewell {
			return nil, true
		}
		var id ident
		if n, _ := fmt.Sscanf(strings.TrimLeft(line, "+-"), "%d %d", &id.pid, &id.start); n != 2 {
			continue
		}
		if line[0] == '+' {
			left[id] = struct{}{}
		} else {
			delete(left, id)
		}
	}
	return left, false
}
