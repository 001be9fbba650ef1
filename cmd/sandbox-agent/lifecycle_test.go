//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// endLimit is what a parent is promised about the end of a bridge.
const endLimit = 3 * time.Second

func (p *parent) kill(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
}

// A bridge that is told to end in the middle of turns closes them, says so to
// a client that reads on, and is gone in time.
func TestEndDuringTurns(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(p *parent){
		"SIGTERM":      func(p *parent) { p.kill(syscall.SIGTERM) },
		"SIGINT":       func(p *parent) { p.kill(syscall.SIGINT) },
		"end of input": func(p *parent) { p.closeInput() },
		"shutdown": func(p *parent) {
			p.call("shutdown", nil, nil)
			p.notify("exit", nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startBridge(t, nil)
			var streams []*stream
			for _, command := range []string{"wait", "gate ls", "question", "slow 10000 10"} {
				p.create(command, nil)
				s, _ := p.subscribe(command, nil)
				streams = append(streams, s)
				p.send(command, command)
			}
			for _, s := range streams {
				s.event("the turn to begin", func(ev *universal.Event) bool { return ev.Type == universal.TypeTurnStarted })
			}
			start := time.Now()
			end(p)
			if took := p.exit(start, exitOK); took > endLimit {
				t.Errorf("the bridge took %v to end", took)
			}
			for _, s := range streams {
				s.closed()
			}
			if p.stderr() != "" {
				t.Errorf("the bridge complains:\n%s", p.stderr())
			}
		})
	}
}

// The client closes its end of the bridge's stdout, which the bridge notices
// when it has something to say.
func TestBrokenOutputEndsTheBridge(t *testing.T) {
	t.Parallel()
	p := startBridge(t, nil)
	p.create("s", nil)
	s, _ := p.subscribe("s", nil)
	p.send("s", "slow 10000 10")
	s.event("the turn to begin", func(ev *universal.Event) bool { return ev.Type == universal.TypeTurnStarted })
	p.mayCut = true
	start := time.Now()
	if err := p.stdout.Close(); err != nil {
		t.Fatal(err)
	}
	if took := p.exit(start, exitOK); took > endLimit {
		t.Errorf("the bridge took %v to end", took)
	}
}

// The client neither reads nor goes. What it was not told in time is lost to
// it, but the bridge ends.
func TestEndWhileTheClientDoesNotRead(t *testing.T) {
	t.Parallel()
	p := startBridge(t, nil)
	p.create("s", nil)
	p.subscribe("s", nil)
	p.mayCut = true
	resume := p.pause()
	p.ask("sessions/sendMessage", params{"sessionId": "s", "message": "flood 10000000 300"})
	eventually(t, "the flood", func() bool { return hasEntries(t, p.tmp) })
	start := time.Now()
	p.kill(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Error("the bridge does not end")
		p.kill(syscall.SIGKILL)
	}
	resume()
	if took := p.exit(start, exitOK); took > endLimit {
		t.Errorf("the bridge took %v to end", took)
	}
}

func hasEntries(t *testing.T, dir string) bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries) > 0
}

// A second signal ends a bridge that is still busy with the first one. Two
// different signals, since two of one kind may arrive as one.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	p := startBridge(t, nil)
	p.create("s", nil)
	p.subscribe("s", nil)
	p.mayCut = true
	resume := p.pause() // so that the bridge waits for its last events to be read
	p.ask("sessions/sendMessage", params{"sessionId": "s", "message": "flood 10000000 300"})
	eventually(t, "the flood", func() bool { return hasEntries(t, p.tmp) })
	start := time.Now()
	p.kill(syscall.SIGTERM)
	p.kill(syscall.SIGINT)
	<-p.exited
	resume()
	t.Logf("the bridge had ended after %v", p.exit(start, exitFailed))
}

// A parent that closes the bridge's stderr loses the log and nothing else.
func TestBrokenStderr(t *testing.T) {
	t.Parallel()
	cmd := program(t, "stdio", "--log-level", "debug")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = w
	cmd.Stdin = strings.NewReader(`{"id":1,"method":"sessions/create","params":{"agent":"mock"}}` + "\n" + `{"id":2,"method":"nonsense"}`)
	r.Close()
	out, err := cmd.Output()
	w.Close()
	if err != nil || strings.Count(string(out), "\n") != 2 {
		t.Errorf("output %q, %v", out, err)
	}
}

// Requests that are in flight at the end of the input are answered. On a busy
// machine the bridge ends before it has come to all of them, and says so.
func TestEndOfInputWithRequestsInFlight(t *testing.T) {
	t.Parallel()
	p := startBridge(t, nil)
	var input strings.Builder
	const requests = 500
	for i := range requests {
		fmt.Fprintf(&input, `{"id":%d,"method":"sessions/create","params":{"agent":"mock","sessionId":"s%d"}}`+"\n", i, i)
	}
	// One that waits for as long as its turn runs.
	input.WriteString(`{"id":"stream","method":"sessions/sendMessageStream","params":{"sessionId":"s0","message":"wait"}}` + "\n")
	p.write(input.String())
	start := time.Now()
	p.closeInput()
	if took := p.exit(start, exitOK); took > endLimit {
		t.Errorf("the bridge took %v to end", took)
	}
	tooLate := func(m *message) bool {
		return m.Error != nil && (strings.Contains(m.Error.Message, "is shutting down") || m.Error.Code == codeSessionEnded)
	}
	for i := range requests {
		if m := p.answers[fmt.Sprint(i)]; m == nil || m.Error != nil && !tooLate(m) {
			t.Fatalf("request %d: %+v", i, m)
		}
	}
	m := p.answers[`"stream"`]
	switch {
	case m == nil:
		t.Error("the stream was not answered")
	case tooLate(m):
	case m.Error != nil: // that its create came too late
		typed{codeSessionNotFound, "session_not_found", ""}.check(t, m.Error)
	default:
		var sent struct{ SubscriptionID string }
		if err := json.Unmarshal(m.Result, &sent); err != nil {
			t.Fatal(err)
		}
		s := p.streams[sent.SubscriptionID]
		if s == nil {
			t.Fatal("nothing was streamed")
		}
		s.ended(session.EndTurnEnded)
	}
}

// The process of an idle session of the mock is none, but what is told about
// it is the same as for others.
func TestIdleTimeoutOfTheMock(t *testing.T) {
	t.Parallel()
	p := startBridge(t, []string{"--idle-timeout", "10ms"})
	p.create("s", nil)
	p.create("always", params{"idleTimeout": -1})
	stream, _ := p.subscribe("s", nil)
	said := func(turn string) string {
		stream.turnEnded(turn)
		text := ""
		for _, ev := range stream.all() {
			if d, ok := ev.Data.(*universal.ItemData); ok && ev.Type == universal.TypeItemCompleted {
				text = d.Item.Text()
			}
		}
		return text
	}
	first := said(p.send("s", "recall").TurnID)
	for range 3 {
		time.Sleep(20 * time.Millisecond) // it makes no difference whether it is stopped by now
		again := said(p.send("s", "recall").TurnID)
		if again == first || again == "" {
			t.Errorf("the agent says %q after %q", again, first)
		}
		first = again
	}
	if list := p.list(); len(list) != 2 || list[0].Status != session.Idle || list[1].Status != session.Idle {
		t.Errorf("sessions %+v", list)
	}
	stream.check()
	p.endsClean()
}

func TestManySessions(t *testing.T) {
	t.Parallel()
	const sessions = 2000
	p := startBridge(t, nil)
	start := time.Now()
	var ids []string
	for i := range sessions {
		ids = append(ids, p.ask("sessions/create", params{"agent": "mock", "sessionId": fmt.Sprint("s", i)}))
	}
	for _, id := range ids {
		if m := p.answer(id); m.Error != nil {
			t.Fatalf("create: %+v", m.Error)
		}
	}
	t.Logf("%d sessions were created in %v", sessions, time.Since(start).Round(time.Millisecond))
	if list := p.list(); len(list) != sessions {
		t.Errorf("%d sessions are listed", len(list))
	}
	seen := map[string]bool{}
	for cursor, pages := "", 0; ; pages++ {
		var page session.ListPage
		args := params{"limit": 300, "status": "idle"}
		if cursor != "" {
			args["cursor"] = cursor
		}
		p.call("sessions/list", args, &page)
		for _, info := range page.Sessions {
			seen[info.SessionID] = true
		}
		if cursor = page.NextCursor; cursor == "" {
			if pages != sessions/300 {
				t.Errorf("%d pages", pages+1)
			}
			break
		}
	}
	if len(seen) != sessions {
		t.Errorf("%d sessions were found page by page", len(seen))
	}
	ids = ids[:0]
	for i := range sessions {
		ids = append(ids, p.ask("sessions/sendMessageStream", params{"sessionId": fmt.Sprint("s", i), "message": "hello"}))
	}
	for _, id := range ids {
		if m := p.answer(id); m.Error != nil {
			t.Fatalf("send: %+v", m.Error)
		}
	}
	p.await("all turns to end", func() bool {
		ended := 0
		for _, s := range p.streams {
			if s.end == session.EndTurnEnded {
				ended++
			}
		}
		return ended == sessions
	})
	p.endsClean()
	for _, s := range p.streams {
		s.check()
	}
}

// A parent may be as simple as a shell script.
func TestShellParent(t *testing.T) {
	t.Parallel()
	bridge := program(t)
	sh := exec.CommandContext(t.Context(), "sh", "-c", `printf '%s\n' '{"id":1,"method":"health"}' | "$0" stdio`, bridge.Path)
	sh.Env = bridge.Env
	sh.Stderr = io.Discard
	out, err := sh.Output()
	if want := `{"jsonrpc":"2.0","id":1,"result":{"status":"ok"}}` + "\n"; err != nil || string(out) != want {
		t.Errorf("output %q, %v", out, err)
	}
}
