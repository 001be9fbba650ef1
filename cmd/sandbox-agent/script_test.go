package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// TestScript runs the scripts in testdata/script. Each has an empty home and
// finds no other program than sandbox-agent. They have commands of their own:
//
//	code N ARG...   runs sandbox-agent, which has to exit with N
//	stream          checks that stdout is a stream of events, one a line
//	server ARG...   starts sandbox-agent server until the script's end; its
//	                address is in $ENDPOINT
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup:               setUpScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":   scriptCode,
			"stream": scriptStream,
			"server": scriptServer,
		},
	})
}

func setUpScript(env *testscript.Env) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	home, bin := filepath.Join(env.WorkDir, "home"), filepath.Join(env.WorkDir, "bin")
	for _, dir := range []string{home, bin} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	env.Setenv("SELF", self)
	env.Setenv("HOME", home)
	env.Setenv("USERPROFILE", home)
	env.Setenv("LOCALAPPDATA", home)
	env.Setenv("PATH", bin)
	env.Setenv(asProgram, "1")
	env.Setenv("GORACE", "atexit_sleep_ms=10") // else each race-tested run takes a second more
	return nil
}

func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: code N ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(ts.Getenv("SELF"), args[1:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	default:
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func scriptStream(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: stream")
	}
	var events []universal.Event
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var ev universal.Event
		dec := json.NewDecoder(bytes.NewReader([]byte(line)))
		if err := dec.Decode(&ev); err != nil {
			ts.Fatalf("not an event: %v: %s", err, line)
		}
		events = append(events, ev)
	}
	if len(events) == 0 {
		ts.Fatalf("no events")
	}
	for _, v := range universal.CheckStream(events) {
		ts.Fatalf("%v", v)
	}
}

func scriptServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: server ARG...")
	}
	cmd := exec.Command(ts.Getenv("SELF"), append([]string{"server", "--port", "0"}, args...)...)
	cmd.Dir = ts.Getenv("WORK")
	for _, name := range []string{"HOME", "USERPROFILE", "LOCALAPPDATA", "PATH", asProgram, "GORACE"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	log, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	lines := bufio.NewReader(log)
	first, err := lines.ReadBytes('\n')
	ts.Check(err)
	var listening struct{ URL string }
	if err := json.Unmarshal(first, &listening); err != nil || listening.URL == "" {
		ts.Fatalf("the server says %q", first)
	}
	ts.Setenv("ENDPOINT", listening.URL)
	var drained sync.WaitGroup
	drained.Go(func() { _, _ = io.Copy(io.Discard, lines) }) // ends with the server
	ts.Defer(func() {
		ts.Check(cmd.Process.Signal(os.Interrupt))
		drained.Wait()
		ts.Check(cmd.Wait())
	})
}
