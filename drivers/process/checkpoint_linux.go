package process

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// clockTick is the unit of start times in /proc/PID/stat. It is the same on all
// architectures that Go supports.
const clockTick = 10 * time.Millisecond

// Checkpoint is a point in time, as [Process.Checkpoint] takes it, against which
// the start of processes is compared.
type Checkpoint struct {
	tick    uint64
	lastPID int // the youngest process at that time; it decides within a tick
}

func now() Checkpoint {
	var ts unix.Timespec
	// The same clock, and the same time namespace, as those of start times.
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return Checkpoint{} // everything is younger
	}
	c := Checkpoint{tick: uint64(ts.Nano() / int64(clockTick))}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		if fields := strings.Fields(string(load)); len(fields) == 5 {
			c.lastPID, _ = strconv.Atoi(fields[4])
		}
	}
	return c
}

// before tells whether the process started before the checkpoint. Within one
// tick the pids decide, which are given out in order until they start again
// from the low ones.
func (id ident) before(c Checkpoint) bool {
	if id.start != c.tick {
		return id.start < c.tick
	}
	const mostInTick = 4096
	return id.pid <= c.lastPID && id.pid > c.lastPID-mostInTick
}
