//go:build unix && !linux

package process

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// host is the part of a [Supervisor] that depends on the system. On Unix systems
// other than Linux the process group is all that is supervised.
type host struct{ spawner *spawner }

func newHost(_, _ string, _ *slog.Logger) (*host, error) {
	h := &host{}
	h.spawner = newSpawner(h)
	return h, nil
}

// prepare makes a child the leader of a Unix session, and so of a process
// group, of its own.
func (h *host) prepare(cmd *exec.Cmd) { cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true} }

func (h *host) adopt(cmd *exec.Cmd, mark string) (*family, error) {
	return &family{mark: mark, agent: ident{pid: cmd.Process.Pid}}, nil
}

// Nothing is adopted: only Linux has subreapers of this kind.
func (h *host) childDied() <-chan os.Signal { return nil }
func (h *host) reapAdopted() bool           { return false }
func (h *host) close()                      {}

// ident names a process. There is no start time here.
type ident struct {
	pid   int
	start uint64
}

// family is a process and its process group.
type family struct {
	mark  string
	agent ident
}

func (f *family) look()  {}
func (f *family) leave() {}

func (f *family) terminate() { _ = unix.Kill(-f.agent.pid, unix.SIGTERM) }

// sweep kills the group until nobody is in it.
func (f *family) sweep(ctx context.Context) error {
	for {
		err := unix.Kill(-f.agent.pid, unix.SIGKILL)
		switch {
		case errors.Is(err, unix.ESRCH):
			return nil
		case err != nil && !errors.Is(err, unix.EPERM):
			// EPERM comes on darwin when only zombies are left.
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			if err != nil {
				return nil
			}
			return context.Cause(ctx)
		}
	}
}

func (f *family) killSince(context.Context, Checkpoint) (int, error) {
	return 0, errors.ErrUnsupported
}

func (f *family) killMarked(context.Context, string, Checkpoint) (int, error) {
	return 0, errors.ErrUnsupported
}

// awaitExit leaves the waiting to [exec.Cmd.Wait].
func awaitExit(int) {}

func ownExecutable() (string, error) { return os.Executable() }

// killLeft kills the process groups that a dead bridge has left.
func killLeft(_ string, left map[ident]struct{}) {
	for id := range left {
		_ = unix.Kill(-id.pid, unix.SIGKILL)
	}
}
