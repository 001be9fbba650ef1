package process

import (
	"bytes"
	"os"
	"strconv"
)

// Dying tells whether the process takes nothing any more though it is not gone:
// it was killed, or is past its last instruction. A large one keeps its pipes and
// connections open for a good while then, and whoever writes to them would not
// know that nobody reads.
func (p *Process) Dying() bool {
	stat, err := readAll("/proc/"+strconv.Itoa(p.PID())+"/stat", nil)
	if err != nil {
		return false // it is gone, or nobody may look
	}
	killed, exiting := endOf(stat)
	return killed || exiting && p.allDying()
}

// allDying tells whether all threads end: the first one can have left the others
// behind.
func (p *Process) allDying() bool {
	tasks := "/proc/" + strconv.Itoa(p.PID()) + "/task"
	threads, err := os.ReadDir(tasks)
	if err != nil {
		return false
	}
	var stat []byte
	for _, thread := range threads {
		if stat, err = readAll(tasks+"/"+thread.Name()+"/stat", stat); err != nil {
			continue // it has ended
		}
		if killed, exiting := endOf(stat); !killed && !exiting {
			return false
		}
	}
	return true
}

// endOf reads from a thread's stat file, see proc(5), whether the thread is about
// to be killed and whether it is about to end.
func endOf(stat []byte) (killed, exiting bool) {
	const (
		flags, pending = 6, 28  // fields 9 and 31 of the file
		flagExiting    = 1 << 2 // PF_EXITING of the kernel
		killSignal     = 1 << 8 // SIGKILL in a set of signals
	)
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= pending {
		return false, false
	}
	has := func(field []byte, bit uint64) bool {
		n, err := strconv.ParseUint(string(field), 10, 64)
		return err == nil && n&bit != 0
	}
	return has(fields[pending], killSignal), has(fields[flags], flagExiting)
}
