package process

import (
	"maps"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// guardLimit bounds the work of a guard after the death of its bridge.
	guardLimit = 4 * time.Second
	// guardPause is the time between two looks of a guard, and guardClean how
	// many looks in a row have to find nothing: the bridge may have died while
	// it was starting a process.
	guardPause = 20 * time.Millisecond
	guardClean = 3
)

// ownExecutable finds the running program also when its file was replaced.
func ownExecutable() (string, error) { return "/proc/self/exe", nil }

// killLeft kills what a dead bridge has left: the processes with its mark, those
// it has started, and all that belongs to them.
func killLeft(bridge string, started map[ident]struct{}) {
	outer := os.Getenv(MarkVariable)
	sessions := make(map[int]bool)
	seen := started
	for id := range started {
		sessions[id.pid] = true
	}
	deadline := time.Now().Add(guardLimit)
	for clean := 0; clean < guardClean && time.Now().Before(deadline); time.Sleep(guardPause) {
		t, err := readTable(bridge, outer)
		if err != nil {
			continue
		}
		maps.DeleteFunc(sessions, func(s int, _ bool) bool { return !t.continues(s, seen) })
		k := newKin(t, sessions)
		for i := range t.procs {
			p := &t.procs[i]
			if _, ok := seen[p.ident]; ok || p.marked {
				k.add(p)
			}
		}
		sessions = k.sessions
		clean++
		for p := range k.members {
			seen[p.ident] = struct{}{}
			if !p.zombie {
				clean = 0
				_ = p.signal(unix.SIGKILL) // what can't be killed now is tried again
			}
		}
	}
}
