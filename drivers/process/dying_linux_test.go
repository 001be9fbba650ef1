package process

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

// What is written to a process that was killed is not taken to be read, however
// long its pipes stay open.
func TestDying(t *testing.T) {
	sup := newSupervisor(t)
	p := startShell(t, sup, Graces{}, "cat")
	if p.Dying() {
		t.Error("a process that lives is dying")
	}
	if err := p.Write([]byte("a line\n")); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for !p.Dying() {
		select {
		case <-p.Done():
			return // faster than anybody can look
		default:
		}
	}
	if err := p.Write([]byte("a line\n")); !errors.Is(err, ErrExited) && !errors.Is(err, ErrInputClosed) {
		t.Errorf("a line for a process that dies gives %v", err)
	}
}

// Which threads end is read from what the kernel says of each.
func TestEndOf(t *testing.T) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	if killed, exiting := endOf(stat); killed || exiting {
		t.Errorf("this process ends: killed %v, exiting %v", killed, exiting)
	}
	line := func(flags, pending string) []byte {
		fields := strings.Fields("S 1 2 2 0 -1 " + strings.Repeat("0 ", 40))
		fields[6], fields[28] = flags, pending
		return []byte("12 (a) name) " + strings.Join(fields, " "))
	}
	for name, test := range map[string]struct {
		stat            []byte
		killed, exiting bool
	}{
		"lives":       {line("4194304", "0"), false, false},
		"other":       {line("4194304", "16384"), false, false},
		"killed":      {line("4194304", "256"), true, false},
		"exiting":     {line("4194308", "0"), false, true},
		"cut short":   {[]byte("12 (name) Z 1 2"), false, false},
		"nothing":     {nil, false, false},
		"no numbers":  {line("x", "y"), false, false},
		"killed twin": {line("4194308", "256"), true, true},
	} {
		if killed, exiting := endOf(test.stat); killed != test.killed || exiting != test.exiting {
			t.Errorf("%s: killed %v, exiting %v", name, killed, exiting)
		}
	}
}
