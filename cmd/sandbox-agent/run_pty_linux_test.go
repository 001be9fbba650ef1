package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminalTest is the program at a terminal of its own.
type terminalTest struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	mu     sync.Mutex
	screen bytes.Buffer // all that was written
	news   chan struct{}
	read   sync.WaitGroup
	seen   int // bytes of the screen that were waited for
}

// atTerminal starts the program with all its streams at a new pseudoterminal.
func atTerminal(t *testing.T, env []string, args ...string) *terminalTest {
	t.Helper()
	master, slave := openPTY(t)
	defer slave.Close()
	cmd := program(t, args...)
	cmd.Env = append(append(cmd.Env, "TERM=xterm", "NO_COLOR=1", "HOME="+t.TempDir()), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &terminalTest{t: t, cmd: cmd, master: master, news: make(chan struct{}, 1)}
	p.read.Go(p.watch)
	return p
}

func openPTY(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// watch reads the screen until the program has closed the terminal.
func (p *terminalTest) watch() {
	buf := make([]byte, 4096)
	for {
		n, err := p.master.Read(buf)
		p.mu.Lock()
		p.screen.Write(buf[:n])
		p.mu.Unlock()
		select {
		case p.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// sees waits until a text has come after all that was waited for before.
func (p *terminalTest) sees(text string) {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		p.mu.Lock()
		at := bytes.Index(p.screen.Bytes()[p.seen:], []byte(text))
		if at >= 0 {
			p.seen += at + len(text)
		}
		screen := p.screen.String()
		p.mu.Unlock()
		if at >= 0 {
			return
		}
		select {
		case <-p.news:
		case <-deadline:
			p.t.Fatalf("%q does not come; the screen is:\n%s", text, screen)
		}
	}
}

func (p *terminalTest) types(keys string) {
	p.t.Helper()
	if _, err := p.master.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// ends waits for the program, which has to exit with a code.
func (p *terminalTest) ends(code int) (screen string) {
	p.t.Helper()
	err := p.cmd.Wait()
	p.read.Wait()
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		p.t.Fatal(err)
	}
	if got != code {
		p.t.Errorf("exit code %d, want %d", got, code)
	}
	return p.screen.String()
}

func TestRunAsksForPermission(t *testing.T) {
	t.Parallel()
	p := atTerminal(t, nil, "run", "--agent", "mock", "gate make all")
	p.sees("? Bash: make all")
	p.sees("a  Always allow Bash(make all)")
	p.sees("Allow? [y/a/n] ")
	p.types("perhaps\n")
	p.sees("Please type y, a or n.")
	p.sees("Allow? [y/a/n] ")
	p.types("y\n")
	p.sees("✓ allowed once: Bash: make all")
	p.sees("mock output of make all")
	p.sees("done in")
	p.sees("to go on: sandbox-agent run --agent mock --resume mock-")
	p.ends(exitOK)
}

func TestRunTakesAReasonToRefuse(t *testing.T) {
	t.Parallel()
	p := atTerminal(t, nil, "run", "--agent", "mock", "gate make all")
	p.sees("Allow? [y/a/n] ")
	p.types("n\n")
	p.sees("Why?")
	p.types("it takes too long\n")
	p.sees("I was not allowed to use Bash: it takes too long")
	p.ends(exitOK)
}

func TestRunAsksQuestions(t *testing.T) {
	t.Parallel()
	p := atTerminal(t, nil, "run", "--agent", "mock", "ask")
	p.sees("1  Red")
	p.sees(": ")
	p.types("2\n")
	p.sees("separated by commas")
	p.types("1,3\n")
	p.sees("Your answer")
	p.types("Ada\n")
	p.sees("What is the password?")
	p.sees("Your answer (- to decline): ")
	p.types("open sesame\n")
	p.sees("Color: Blue")
	p.sees("Toppings: Cheese, Basil")
	p.sees("Name: Ada")
	if screen := p.ends(exitOK); strings.Contains(screen, "sesame") {
		t.Errorf("the password is on the screen:\n%s", screen)
	}
}

func TestCtrlCInterruptsTheTurn(t *testing.T) {
	t.Parallel()
	p := atTerminal(t, nil, "run", "--agent", "mock", "gate make all")
	p.sees("Allow? [y/a/n] ")
	p.types("\x03")
	p.sees("interrupted after")
	p.sees("sandbox-agent: interrupted")
	p.ends(exitInterrupted)
}

// At the end of input there is nobody any more.
func TestCtrlDRefuses(t *testing.T) {
	t.Parallel()
	p := atTerminal(t, nil, "run", "--agent", "mock", "gate make all")
	p.sees("Allow? [y/a/n] ")
	p.types("\x04")
	p.sees("refused, since nobody is at a terminal to allow it: Bash: make all")
	p.sees("I was not allowed to use Bash")
	p.ends(exitOK)
}

func TestColorsAtATerminal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		env  []string
		want bool
	}{
		{"terminal", []string{"NO_COLOR="}, true}, // an empty variable counts as none
		{"NO_COLOR", []string{"NO_COLOR=1"}, false},
		{"dumb terminal", []string{"NO_COLOR=", "TERM=dumb"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			screen := atTerminal(t, tt.env, "run", "--agent", "mock", "reasoning").ends(exitOK)
			if got := strings.Contains(screen, "\x1b["); got != tt.want {
				t.Errorf("colours: %v, want %v:\n%q", got, tt.want, screen)
			}
		})
	}
}

func TestPromptIsMissingAtATerminal(t *testing.T) {
	t.Parallel()
	p := atTerminal(t, nil, "run", "--agent", "mock")
	p.sees("the prompt is missing; say what the agent is to do")
	p.ends(exitUsage)
}

// An agent that does not even start up can be left with one Ctrl-C, and at
// once with two.
func TestCtrlCWhileTheAgentStarts(t *testing.T) {
	t.Parallel()
	for _, keys := range []string{"\x03", "\x03\x03"} {
		t.Run(fmt.Sprint(len(keys)), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			agent, started := filepath.Join(dir, "claude"), filepath.Join(dir, "started")
			script := fmt.Sprintf("#!/bin/sh\ntrap '' TERM INT\n: > '%s'\nwhile :; do sleep 1; done\n", started)
			if err := os.WriteFile(agent, []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			p := atTerminal(t, []string{"SANDBOX_AGENT_CLAUDE_PATH=" + agent}, "run", "--agent", "claude", "hi")
			for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
				if _, err := os.Stat(started); err == nil {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("the agent is not started")
				}
			}
			p.types(keys)
			p.ends(exitInterrupted)
		})
	}
}
