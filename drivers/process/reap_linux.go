package process

import (
	"errors"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// awaitExit returns when a child has ended, without reaping it, or at once when
// that can't be told. It parks the goroutine in the network poller, while
// [exec.Cmd.Wait] would hold one thread for each child.
func awaitExit(pid int) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return
	}
	file := os.NewFile(uintptr(fd), "pidfd")
	defer file.Close()
	conn, err := file.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Read(func(fd uintptr) (ended bool) {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PIDFD, int(fd), &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		return err == nil && info.Signo != 0 || err != nil && !errors.Is(err, unix.EINTR)
	})
}

// hasZombie tells whether any child of this process waits to be reaped.
func hasZombie() bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err == nil && info.Signo != 0
}

// reap reaps a child that is a zombie.
func reap(pid int) {
	for {
		if _, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// prepare makes a child the leader of a Unix session of its own, without a
// terminal, and lets the kernel kill it when the spawner's thread ends, which
// is when the bridge does.
func (h *host) prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Pdeathsig: unix.SIGKILL}
}

// childDied gets a value after a child has died.
func (h *host) childDied() <-chan os.Signal { return h.sigchld }

// reapAdopted reaps zombies that this process has adopted, and tells whether it
// should be called again later. They are children in Unix sessions that
// descendants have made; a child that this program has started in its own
// session is never touched, and one that the supervisor, this or another one in
// the same program, has started is waited for at once. So what has been a
// zombie for two calls is reaped. It runs on the spawner's goroutine.
func (h *host) reapAdopted() (again bool) {
	if !hasZombie() {
		h.zombies = nil
		return false
	}
	t, err := readTable(h.bridge, h.outer)
	if err != nil {
		return false
	}
	seen := make(map[ident]struct{})
	for _, p := range t.byParent[t.own.pid] {
		if !p.zombie || p.session == t.own.session || h.started(p.ident) {
			continue
		}
		if _, ok := h.zombies[p.ident]; ok {
			reap(p.pid)
			continue
		}
		seen[p.ident] = struct{}{}
	}
	h.zombies = seen
	return len(seen) > 0
}
