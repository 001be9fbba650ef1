package process

import (
	"bytes"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// ident names a process for good: a pid may be given to another process later,
// which then has another start time (in clock ticks since the boot, as in
// /proc/PID/stat).
type ident struct {
	pid   int
	start uint64
}

// proc is one row of a table.
type proc struct {
	ident
	parent  int
	group   int
	session int
	zombie  bool

	marked bool   // with a mark of this bridge
	mark   string // the process part of that mark
	alien  bool   // with a mark that neither this bridge nor one around it made, or a guard
	blank  bool   // without any environment, as is a process for a moment when it becomes another program
}

// table is what /proc tells at one time. Its rows don't change.
type table struct {
	procs     []proc
	byPID     map[int]*proc
	byParent  map[int][]*proc
	bySession map[int][]*proc
	own       proc // this process
	lineage   map[int]bool
}

// readTable reads all of /proc. bridge is the bridge whose marks are looked
// for, outer are the marks around it. Processes that end meanwhile are left
// out, and the environment of those that this user must not read counts as
// empty.
func readTable(bridge, outer string) (*table, error) {
	names, err := procNames()
	if err != nil {
		return nil, err
	}
	t := &table{procs: make([]proc, 0, len(names))}
	known := splitMarks(outer)
	buf := make([]byte, 0, 16<<10)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		var p proc
		var ok bool
		if p, buf, ok = readStat(pid, buf); !ok {
			continue
		}
		if !p.zombie {
			buf, err = readAll("/proc/"+name+"/environ", buf)
			p.blank = err == nil && len(buf) == 0
			p.readMarks(buf, bridge, known)
		}
		if p.blank && p.session != 0 { // it may have ended just now; threads of the kernel have no session
			if p, buf, ok = readStat(pid, buf); !ok {
				continue
			}
			p.blank = !p.zombie
		}
		t.procs = append(t.procs, p)
	}
	t.index(os.Getpid())
	return t, nil
}

func (t *table) index(self int) {
	t.byPID = make(map[int]*proc, len(t.procs))
	t.byParent = make(map[int][]*proc)
	t.bySession = make(map[int][]*proc)
	for i := range t.procs {
		p := &t.procs[i]
		t.byPID[p.pid] = p
		t.byParent[p.parent] = append(t.byParent[p.parent], p)
		t.bySession[p.session] = append(t.bySession[p.session], p)
	}
	// Whatever the marks say, this process and those it lives in are spared.
	t.lineage = map[int]bool{0: true, 1: true}
	for p := t.byPID[self]; p != nil && !t.lineage[p.pid]; p = t.byPID[p.parent] {
		t.lineage[p.pid] = true
	}
	if p := t.byPID[self]; p != nil {
		t.own = *p
	}
}

// continues tells whether a Unix session is still the one that the processes in
// known have made: when nobody is in it any more, its number, the pid of its
// leader, can become that of another one.
func (t *table) continues(session int, known map[ident]struct{}) bool {
	if leader := t.byPID[session]; leader != nil {
		_, ok := known[leader.ident]
		return ok
	}
	return len(t.bySession[session]) > 0
}

// marked picks all processes with a mark of the bridge.
func (t *table) marked(members []*proc) []*proc {
	for i := range t.procs {
		if p := &t.procs[i]; p.marked && !t.lineage[p.pid] {
			members = append(members, p)
		}
	}
	return members
}

// readStat reads /proc/PID/stat. buf is used as memory and returned.
func readStat(pid int, buf []byte) (p proc, _ []byte, ok bool) {
	buf, err := readAll("/proc/"+strconv.Itoa(pid)+"/stat", buf)
	if err != nil {
		return proc{}, buf, false
	}
	p, ok = parseStat(buf)
	return p, buf, ok
}

// parseStat takes the fields apart that proc(5) describes. The second one, the
// name in parentheses, may hold anything, also spaces and parentheses.
func parseStat(stat []byte) (p proc, ok bool) {
	open, end := bytes.IndexByte(stat, ' '), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return proc{}, false
	}
	const (
		state, parent, group, session = 0, 1, 2, 3 // fields 3 to 6 of the file
		threads, start                = 17, 19     // fields 20 and 22
	)
	fields := bytes.Fields(stat[end+1:])
	if len(fields) <= start {
		return proc{}, false
	}
	number := func(b []byte) uint64 {
		n, err := strconv.ParseUint(string(b), 10, 64)
		ok = ok && err == nil
		return n
	}
	ok = true
	p.pid = int(number(stat[:open]))
	p.parent = int(number(fields[parent]))
	p.group = int(number(fields[group]))
	p.session = int(number(fields[session]))
	p.start = number(fields[start])
	// A process whose first thread has ended looks like a zombie while its
	// other threads go on.
	ended := fields[state][0] == 'Z' || fields[state][0] == 'X'
	p.zombie = ended && number(fields[threads]) <= 1
	return p, ok
}

// readMarks looks for marks in an environment as /proc shows it.
func (p *proc) readMarks(environ []byte, bridge string, outer []string) {
	if value, ok := lookUp(environ, MarkVariable); ok {
		p.mark, p.marked = markOf(bridge, value)
		if !p.marked {
			marks := splitMarks(value)
			p.alien = slices.ContainsFunc(marks, func(m string) bool { return !slices.Contains(outer, m) })
		}
	}
	if _, ok := lookUp(environ, guardVariable); ok {
		p.alien = true
	}
}

// lookUp finds a variable in an environment as /proc shows it: entries that end
// with a zero byte.
func lookUp(environ []byte, name string) (value string, ok bool) {
	for rest := environ; ; {
		i := bytes.Index(rest, []byte(name))
		if i < 0 {
			return "", false
		}
		entryStart := i == 0 && len(rest) == len(environ) || i > 0 && rest[i-1] == 0
		rest = rest[i+len(name):]
		if entryStart && len(rest) > 0 && rest[0] == '=' {
			entry, _, _ := bytes.Cut(rest[1:], []byte{0})
			return string(entry), true
		}
	}
}

// readAll reads a file of /proc into buf[:0], which grows as needed. It is much
// cheaper than [os.ReadFile] for the thousands of small files of a table.
func readAll(path string, buf []byte) ([]byte, error) {
	buf = buf[:0]
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return buf, err
	}
	defer unix.Close(fd)
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, max(4<<10, len(buf)))
		}
		n, err := unix.Read(fd, buf[len(buf):cap(buf)])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return buf, err
		case n == 0:
			return buf, nil
		}
		buf = buf[:len(buf)+n]
	}
}

func procNames() ([]string, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}
