package process

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// family is a process and all that it has started. Whoever is in it stays in
// it, also when what told so (the mark, the parent) is gone.
type family struct {
	host  *host
	mark  string
	agent ident // the process itself

	mu       sync.Mutex
	seen     map[ident]struct{} // members so far that are alive, or zombies
	sessions map[int]bool       // Unix sessions that belong to it as a whole
	sweeping bool               // nothing of it shall be left
}

// look finds the members of the family, and remembers them.
func (f *family) look() (*table, []*proc) {
	t := f.host.scan()
	f.mu.Lock()
	defer f.mu.Unlock()
	sessions := make(map[int]bool, len(f.sessions))
	for s := range f.sessions {
		if t.continues(s, f.seen) {
			sessions[s] = true
		}
	}
	k := newKin(t, sessions)
	for i := range t.procs {
		p := &t.procs[i]
		_, seen := f.seen[p.ident]
		if seen || p.marked && p.mark == f.mark {
			k.add(p)
		}
	}
	f.sessions = k.sessions
	f.seen = make(map[ident]struct{}, len(k.members))
	for p := range k.members {
		f.seen[p.ident] = struct{}{}
	}
	return t, slices.Collect(maps.Keys(k.members))
}

// terminate sends SIGTERM to the process and to its process group.
func (f *family) terminate() {
	_, members := f.look()
	for _, p := range members {
		if p.group == f.agent.pid && !p.zombie {
			if err := p.signal(unix.SIGTERM); err != nil {
				f.host.log.Debug("can't terminate a process", "pid", p.pid, "error", err)
			}
		}
	}
}

// sweep kills the process and all members, until none is left.
func (f *family) sweep(ctx context.Context) error {
	f.mu.Lock()
	f.sweeping = true
	f.mu.Unlock()
	limit := time.Now().Add(newbornsLimit)
	for {
		unsure := false
		_, err := f.killUntilGone(ctx, func(t *table, members []*proc) []*proc {
			unsure = f.mayHave(t)
			return append(members, f.strays(t)...)
		})
		if err != nil || !unsure || time.Now().After(limit) {
			return err
		}
		select {
		case <-time.After(newbornPause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// mayHave tells whether a child that this process has just adopted may be a
// member: a daemon that was born when the agent ended shows no mark while it
// becomes another program, so that a second look is needed.
func (f *family) mayHave(t *table) bool {
	return slices.ContainsFunc(t.byParent[t.own.pid], func(p *proc) bool {
		return p.blank && p.session != t.own.session && p.start >= f.agent.start && now().tick <= p.start+newbornTicks
	})
}

// A child calls setsid a moment after its birth. So one that is born in the
// session of the process just before the look may yet become a command: as long
// as there are such, killSince looks again, for a while.
const (
	newbornTicks  = uint64(100 * time.Millisecond / clockTick)
	newbornPause  = 10 * time.Millisecond
	newbornsLimit = 400 * time.Millisecond
)

func (f *family) killSince(ctx context.Context, c Checkpoint) (killed int, err error) {
	return f.killChosen(ctx, c, func(_ *table, members []*proc) []*proc {
		return f.commandsSince(c, members)
	})
}

// killChosen kills what choose picks of the members, those that were being born
// at the first look included.
func (f *family) killChosen(ctx context.Context, c Checkpoint, choose func(*table, []*proc) []*proc) (killed int, err error) {
	limit := time.Now().Add(newbornsLimit)
	for {
		newborns := false
		n, err := f.killUntilGone(ctx, func(t *table, members []*proc) []*proc {
			newborns = slices.ContainsFunc(members, func(p *proc) bool { return f.isNewborn(p, c) })
			return choose(t, members)
		})
		killed += n
		if err != nil || !newborns || time.Now().After(limit) {
			return killed, err
		}
		select {
		case <-time.After(newbornPause):
		case <-ctx.Done():
			return killed, context.Cause(ctx)
		}
	}
}

func (f *family) isNewborn(p *proc, c Checkpoint) bool {
	return p.session == f.agent.pid && p.ident != f.agent && !p.zombie && !p.before(c) &&
		now().tick <= p.start+newbornTicks
}

// killUntilGone kills and reaps what choose picks, until it picks nothing.
// Looking again is needed since what is being killed may fork at that time.
func (f *family) killUntilGone(ctx context.Context, choose func(*table, []*proc) []*proc) (killed int, err error) {
	signalled := make(map[ident]error)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		t, members := f.look()
		left := 0
		var zombies []*proc
		for _, p := range choose(t, slices.Clone(members)) {
			switch {
			case p.zombie && p.ident == f.agent:
				continue // waited for by its Process
			case p.zombie && p.parent == t.own.pid:
				zombies = append(zombies, p)
				continue
			case p.zombie:
				// We adopt it when its parent has ended, if that is to end too.
				if parent := t.byPID[p.parent]; parent != nil && slices.Contains(members, parent) {
					left++
				}
				continue
			}
			problem, known := signalled[p.ident]
			if !known {
				problem = p.signal(unix.SIGKILL)
				signalled[p.ident] = problem
				if problem == nil {
					killed++
				}
			}
			if problem == nil {
				left++
			}
		}
		f.reap(zombies)
		if left == 0 {
			return killed, errors.Join(slices.Collect(maps.Values(signalled))...)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return killed, fmt.Errorf("%d processes are left: %w", left, context.Cause(ctx))
		}
	}
}

// reap reaps zombies that are children of ours without being processes that we
// have started. They can't have been: those are no members of another family,
// and the own process is left out by the caller.
func (f *family) reap(zombies []*proc) {
	if len(zombies) == 0 {
		return
	}
	_ = f.host.spawner.do(context.Background(), func() error {
		for _, p := range zombies {
			// Somebody else may have reaped it, and the pid be in use again.
			if now, _, ok := readStat(p.pid, nil); ok && now.ident == p.ident && now.zombie {
				reap(p.pid)
			}
		}
		return nil
	})
}

// commandsSince picks the members that belong to commands started since c.
// A command is a Unix session other than that of the process, together with the
// sessions that came from it; it is as old as its oldest living member. So the
// workers that an older command starts again and again are spared with it.
func (f *family) commandsSince(c Checkpoint, members []*proc) []*proc {
	byPID := make(map[int]*proc, len(members))
	before := make(map[int]bool) // sessions with a member that is older than c
	for _, p := range members {
		byPID[p.pid] = p
		if p.session != f.agent.pid && !p.zombie && p.before(c) {
			before[p.session] = true
		}
	}
	spared := func(p *proc) bool {
		for range members { // the chain of parents is no longer than that
			if p.session == f.agent.pid {
				return false
			}
			if before[p.session] {
				return true
			}
			parent := byPID[p.parent]
			if parent == nil || parent == p {
				return false
			}
			p = parent
		}
		return false
	}
	return slices.DeleteFunc(members, func(p *proc) bool {
		// A zombie with a living parent is gone, and its parent's business.
		return p.session == f.agent.pid || p.before(c) || spared(p) ||
			p.zombie && byPID[p.parent] != nil
	})
}

// strays picks children that this process has adopted and that only this family
// can have started: they have no mark, their session and their parents are not
// known, but no other process that is not being swept was there when they
// started. Zombies are left to reapAdopted.
func (f *family) strays(t *table) []*proc {
	oldest := f.host.oldestOther(f)
	var strays []*proc
	for _, p := range t.byParent[t.own.pid] {
		if p.zombie || p.marked || p.alien || p.session == t.own.session ||
			p.start < f.agent.start || oldest <= p.start || f.remembers(p.ident) {
			continue
		}
		if f.host.isStray(p.ident) {
			f.host.log.Info("killing a stray process", "pid", p.pid)
			f.remember(p.ident)
			strays = append(strays, p)
		}
	}
	return strays
}

func (f *family) remembers(id ident) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.seen[id]
	return ok
}

// remember makes a process a member from the next look on.
func (f *family) remember(id ident) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[id] = struct{}{}
}

// oldestOther returns the start time of the oldest process, other than that of
// f, that goes on.
func (h *host) oldestOther(f *family) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	oldest := ^uint64(0)
	for other := range h.families {
		if other != f && !other.isSweeping() {
			oldest = min(oldest, other.agent.start)
		}
	}
	return oldest
}

// isSweeping takes f.mu. The lock order is host.mu, family.mu.
func (f *family) isSweeping() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sweeping
}

// isStray looks closely at a child that a table took for a stray. It might have
// been one that this program was just starting: then it was a copy of this
// program still, or is one that somebody has started and marked by now.
func (h *host) isStray(id ident) bool {
	if copyOfSelf(id.pid) {
		return false
	}
	environ, err := readAll(fmt.Sprintf("/proc/%d/environ", id.pid), nil)
	if err != nil {
		return false
	}
	var p proc
	p.readMarks(environ, h.bridge, splitMarks(h.outer))
	if p.marked || p.alien {
		return false
	}
	stray := false
	// After a start that is under way the books tell whether it was this one.
	_ = h.spawner.do(context.Background(), func() error {
		stray = !h.started(id) && id.alive()
		return nil
	})
	return stray
}

// copyOfSelf tells whether a process runs the program of this one.
func copyOfSelf(pid int) bool {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return false
	}
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return err == nil && exe == self
}

// leave closes the books on the family.
func (f *family) leave() {
	f.host.mu.Lock()
	defer f.host.mu.Unlock()
	delete(f.host.families, f)
}
