package process

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
)

// host is the part of a [Supervisor] that depends on the system.
type host struct {
	bridge, outer string
	log           *slog.Logger
	spawner       *spawner
	scans         chan chan *table
	quit          chan struct{} // closed to end the scanner
	scannerDone   chan struct{}
	sigchld       chan os.Signal
	zombies       map[ident]struct{} // at the last look; for the spawner's goroutine

	mu       sync.Mutex
	families map[*family]struct{}
}

func newHost(bridge, outer string, log *slog.Logger) (*host, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("become subreaper: %w", err)
	}
	h := &host{
		bridge:      bridge,
		outer:       outer,
		log:         log,
		scans:       make(chan chan *table),
		quit:        make(chan struct{}),
		scannerDone: make(chan struct{}),
		sigchld:     make(chan os.Signal, 1),
		families:    make(map[*family]struct{}),
	}
	h.spawner = newSpawner(h)
	signal.Notify(h.sigchld, unix.SIGCHLD)
	go h.scanner()
	return h, nil
}

// scanner reads tables for those who ask. All who ask while one is being read
// share the next one, so that stopping many processes at the same time doesn't
// read as many tables. It ends when quit is closed.
func (h *host) scanner() {
	defer close(h.scannerDone)
	for {
		var waiting []chan *table
		select {
		case first := <-h.scans:
			waiting = append(waiting, first)
		case <-h.quit:
			return
		}
		for more := true; more; {
			select {
			case next := <-h.scans:
				waiting = append(waiting, next)
			default:
				more = false
			}
		}
		t, err := readTable(h.bridge, h.outer)
		if err != nil {
			h.log.Error("can't read the process table", "error", err)
			t = &table{}
		}
		for _, w := range waiting {
			w <- t
		}
	}
}

// scan returns a table that was read after the call; an empty one after close.
func (h *host) scan() *table {
	answer := make(chan *table, 1)
	select {
	case h.scans <- answer:
		return <-answer
	case <-h.scannerDone:
		return &table{}
	}
}

// adopt begins to keep the books on a child that was just started.
func (h *host) adopt(cmd *exec.Cmd, mark string) (*family, error) {
	p, _, ok := readStat(cmd.Process.Pid, nil)
	if !ok {
		return nil, fmt.Errorf("read /proc/%d/stat: is /proc mounted?", cmd.Process.Pid)
	}
	f := &family{
		host:     h,
		mark:     mark,
		agent:    p.ident,
		seen:     map[ident]struct{}{p.ident: {}},
		sessions: map[int]bool{p.pid: true},
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.families[f] = struct{}{}
	return f, nil
}

// started tells whether a process is one that this supervisor has started and
// not yet cleared up after.
func (h *host) started(id ident) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for f := range h.families {
		if f.agent == id {
			return true
		}
	}
	return false
}

// close ends what newHost began. No family may be left, but a process with the
// mark of one that is done may have come from elsewhere, such as a daemon that
// passes on the environment of whoever asks it to start something.
func (h *host) close() {
	ctx, cancel := context.WithTimeout(context.Background(), sweepLimit)
	defer cancel()
	f := &family{host: h}
	if _, err := f.killUntilGone(ctx, (*table).marked); err != nil {
		h.log.Warn("processes are left behind", "error", err)
	}
	signal.Stop(h.sigchld)
	close(h.quit)
	<-h.scannerDone
}
