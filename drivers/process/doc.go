// Package process supervises the agent processes of a bridge: it starts them,
// frames their stdout into lines, keeps an excerpt of their stderr, stops them
// in steps, and sees to it that nothing they started outlives them.
//
// # What is promised
//
// One [Supervisor] owns every process that a bridge starts. When
// [Process.Done] is closed, the process has been reaped and everything that it
// had started, directly or not, is gone; this also holds when the process died
// by itself. The tool shells of agents call setsid, and commands fork twice to
// become daemons, so a signal to the process group is not enough. On Linux
// these ways are combined:
//
//   - Every process gets a mark in its environment ([MarkVariable]), which its
//     descendants inherit and which is found again in /proc/*/environ.
//   - The tree of descendants, and every process in a Unix session that
//     belongs to it, is collected before the process is stopped and after.
//   - The bridge is a subreaper: what loses its parent becomes a child of the
//     bridge instead of disappearing to init, and is reaped by the supervisor.
//     What has lost its mark, its session and its parent is killed when no
//     living process can claim it any more, at the latest by
//     [Supervisor.Close].
//   - The kernel kills a process when the bridge dies (PR_SET_PDEATHSIG), and a
//     guard, a small process that outlives the bridge, kills everything else
//     that has the bridge's mark. See [RunGuardIfAsked].
//
// # Limits
//
// A program that clears its environment, calls setsid and loses its parent
// before it was seen once can't be told from others while several processes
// are running: it is killed as a stray when the last process that can have
// started it is stopped. One that clears its environment and calls setsid
// survives a SIGKILL of the bridge, and so may one whose session the agent
// began, if all others of that session end before the guard's first look.
// Processes of another user can't be killed. The bridge must not start
// processes in Unix sessions of their own by other means than the Supervisor,
// or they are taken for strays.
//
// On other Unix systems the process group is all that is reached, by the
// supervisor as well as by the guard. On Windows a job object holds a process
// and all that it starts, and dies with the bridge; it gets hold of the process
// right after its start, not before.
package process
