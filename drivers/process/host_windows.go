package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// host is the part of a [Supervisor] that depends on the system. On Windows a
// job object holds each process with all that it starts. The handle of the job
// is closed by the system when the bridge ends, however that happens, and then
// the system kills all that is in the job; so there is no guard.
type host struct{ spawner *spawner }

func newHost(_, _ string, _ *slog.Logger) (*host, error) {
	h := &host{}
	h.spawner = newSpawner(h)
	return h, nil
}

// prepare keeps the console's Ctrl-C, which is for the bridge, from the child.
func (h *host) prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}

func (h *host) adopt(cmd *exec.Cmd, mark string) (*family, error) {
	job, err := newJob(cmd.Process.Pid)
	if err != nil {
		return nil, fmt.Errorf("put process into a job object: %w", err)
	}
	return &family{mark: mark, agent: ident{pid: cmd.Process.Pid}, job: job}, nil
}

// newJob makes a job object that dies with its last handle, which is ours, and
// puts the process into it.
func newJob(pid int) (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err != nil {
		return 0, errors.Join(err, windows.CloseHandle(job))
	}
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(pid))
	if err != nil {
		return 0, errors.Join(err, windows.CloseHandle(job))
	}
	defer windows.CloseHandle(process)
	if err := windows.AssignProcessToJobObject(job, process); err != nil {
		return 0, errors.Join(err, windows.CloseHandle(job))
	}
	return job, nil
}

// Zombies and adoption don't exist here.
func (h *host) childDied() <-chan os.Signal { return nil }
func (h *host) reapAdopted() bool           { return false }
func (h *host) close()                      {}

// ident names a process.
type ident struct{ pid int }

// family is a job object.
type family struct {
	mark  string
	agent ident
	job   windows.Handle
}

func (f *family) look() {}

// terminate does nothing: there is no signal that a program without a window or
// a console of its own would get.
func (f *family) terminate() {}

// sweep kills all that is in the job.
func (f *family) sweep(context.Context) error {
	return windows.TerminateJobObject(f.job, 1)
}

func (f *family) killSince(context.Context, Checkpoint) (int, error) {
	return 0, errors.ErrUnsupported
}

func (f *family) killMarked(context.Context, string, Checkpoint) (int, error) {
	return 0, errors.ErrUnsupported
}

func (f *family) leave() { _ = windows.CloseHandle(f.job) }

// awaitExit leaves the waiting to [exec.Cmd.Wait].
func awaitExit(int) {}

// readLeftover is not needed: with the job all writers are gone, and the pipe
// comes to its end by itself.
func (o *outlet) readLeftover([]byte) (int, error) { return 0, io.EOF }

// signalOf names the signal that ended a process: there are none.
func signalOf(*os.ProcessState) string { return "" }

// guard has nothing to do; see host.
type guard struct{}

func newGuard([]string, string, string, *slog.Logger) *guard { return &guard{} }

func (g *guard) ensure() error { return nil }
func (g *guard) watch(ident)   {}
func (g *guard) forget(ident)  {}
func (g *guard) dismiss()      {}

// RunGuardIfAsked has to be the first thing that main does. On Windows there is
// no guard, and it returns at once.
func RunGuardIfAsked() {}
