package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// stallVariable makes TestClientThatStopsReading not read for so long, such as
// 1m, after it has seen what it waits for.
const stallVariable = "SANDBOX_AGENT_TEST_STALL"

// residentBytes is what the bridge has in memory now.
func (p *parent) residentBytes() int {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		p.t.Fatal(err)
	}
	return kilobytes << 10
}

// spilled is how much of the event logs is on disk.
func (p *parent) spilled() int64 {
	var sum int64
	_ = filepath.WalkDir(p.tmp, func(_ string, d fs.DirEntry, err error) error {
		if err == nil {
			if info, err := d.Info(); err == nil && !d.IsDir() {
				sum += info.Size()
			}
		}
		return nil // files come and go
	})
	return sum
}

// A client that stops reading stops nothing but its own events: the agent goes
// on, memory stays bounded, and once the client reads again it gets all.
func TestClientThatStopsReading(t *testing.T) {
	t.Parallel()
	const (
		deltas, size = 300_000 / slowdown, 300
		mostMemory   = 150 << 20
	)
	stall := time.Duration(0)
	if text := os.Getenv(stallVariable); text != "" {
		var err error
		if stall, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	p := startBridge(t, nil)
	p.create("s", nil)
	p.create("other", nil)
	stream, _ := p.subscribe("s", nil)
	other, _ := p.subscribe("other", nil)

	resume := p.pause()
	sent := p.ask("sessions/sendMessage", params{"sessionId": "s", "message": fmt.Sprintf("flood %d %d", deltas, size)})
	peak := 0
	sample := func() { peak = max(peak, p.residentBytes()) }
	// The final texts alone repeat all deltas, so this is not reached before
	// most of the flood is in the log. What the client has read by now is what
	// pipes hold.
	took := eventually(t, "the agent to go on", func() bool {
		sample()
		return p.spilled() > deltas*size*2
	})
	for start := time.Now(); time.Since(start) < stall; time.Sleep(100 * time.Millisecond) {
		sample()
	}
	// Requests are heard all the while; their answers wait like all else.
	echo := p.ask("sessions/sendMessage", params{"sessionId": "other", "message": "echo hello"})
	resume()

	for _, id := range []string{sent, echo} {
		if m := p.answer(id); m.Error != nil {
			t.Errorf("a message was refused: %+v", m.Error)
		}
	}
	other.turnEnded("turn_1")
	if ended := stream.turnEnded("turn_1"); ended.StopReason != universal.StopEndTurn {
		t.Errorf("stop reason %q", ended.StopReason)
	}
	sample()
	stream.check()
	if stream.first != 1 || stream.deltas != deltas {
		t.Errorf("events from %d on, %d deltas, want all from 1 on, %d", stream.first, stream.deltas, deltas)
	}
	t.Logf("the flood took %v, at most %d MiB were resident", took.Round(time.Millisecond), peak>>20)
	if peak > mostMemory {
		t.Errorf("%d bytes were resident, want at most %d", peak, mostMemory)
	}
	p.endsClean()
}

// A client that is behind when the bridge is told to end, but reads on, gets
// everything to the end.
func TestEndWhileTheClientIsBehind(t *testing.T) {
	t.Parallel()
	const deltas, size = 6_000, 300
	p := startBridge(t, nil)
	p.create("s", nil)
	s, _ := p.subscribe("s", nil)
	watch, _ := p.subscribe("", nil)
	resume := p.pause()
	p.ask("sessions/sendMessage", params{"sessionId": "s", "message": fmt.Sprintf("flood %d %d", deltas, size)})
	eventually(t, "the flood", func() bool { return p.spilled() > deltas*size })
	start := time.Now()
	p.mayCut = true
	p.kill(syscall.SIGTERM)
	resume()
	took := p.exit(start, exitOK)
	if took > endLimit {
		t.Errorf("the bridge took %v to end", took)
	}
	if p.cut != "" && took > endLimit/2 {
		t.Logf("the client was too slow for the %v that it had", took)
		return
	}
	s.ended(session.EndShutdown)
	events := s.all()
	if last := events[len(events)-1]; last.Type != universal.TypeSessionEnded {
		t.Errorf("the last of %d events is %s", s.last, last.Type)
	}
	t.Logf("%d of %d deltas were there to be told", s.deltas, deltas)
	watch.ended(session.EndShutdown)
	if n := len(watch.changes); n == 0 || watch.changes[n-1].Status != session.Ended {
		t.Errorf("the last of %d changes is not the end", n)
	}
}
