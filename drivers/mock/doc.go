// Package mock is the built-in agent: it needs no program, no network and no
// login, and does what the first word of a message tells it. Clients try
// themselves out on it, and tests of this project take it for an agent that
// does the right and the wrong thing on demand. The message "help" lists what
// it can do.
//
// Promises:
//
//   - The same messages give the same events. Item keys and native ids are
//     "mock_<k>_<name>", k counting the messages of the conversation; steered
//     messages count, and a resumed conversation counts on.
//   - Every delta is emitted as it is made, and the deltas of a message or a
//     reasoning text add up to its final text.
//   - An idle session has no goroutine and takes less than 4 KiB.
//   - A steered message is answered within the running turn, at the latest
//     right before it ends.
//
// Limits, on purpose:
//
//   - It asks for every gated action again: it remembers no "always", and it
//     has no permission modes of its own but default and plan. Accepting edits
//     and bypassing are left to the bridge, which is what they test. In plan
//     mode, as agent mode or as permission mode, it refuses gated actions by
//     itself without asking.
//   - Nothing is ever executed, read or written. A gated command "succeeds".
//   - What it remembers of a conversation (how many messages it has seen) is
//     kept in the [Driver], for the last 16,384 conversations; an id that it
//     no longer knows resumes with an empty memory.
//   - A turn that is interrupted or leaves things open says no more than its
//     turn.ended; closing the rest is the receiver's part. A turn that crashes
//     or is closed says nothing more at all.
//   - A *.resolved event of its own only takes back a request that nobody
//     answered; recording the answers is the receiver's part, too.
//
// The event sequences of the commands that the v0.1 mock knew are kept, with
// the synthetic events that its server inserted; where they broke the grammar
// of streams they are mended: turns with open requests end once all is
// answered, and "end" ends the turn, then the session.
package mock
