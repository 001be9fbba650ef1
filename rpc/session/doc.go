// Package session keeps one conversation with an agent: which state it is in,
// whose turn it is, what waits for a person, and who may do what when.
//
// A [Manager] owns the sessions of a bridge. A [Session] stands between the
// clients, which call its methods from any goroutine, and a driver's session,
// which talks to it as a [drivers.Sink]. What the agent says goes through the
// [Ledger], which makes a legal stream of it, into the session's event log;
// clients read the log at their own pace, so that a slow one holds up nobody.
//
// Promises: every accepted message becomes exactly one turn, in order, and
// every turn ends; what an agent leaves open when it is interrupted, dies or
// is closed, is closed in the stream; an agent that dies by itself does not
// end its session, the next message starts it again with its memory; nothing
// a session started outlives Terminate, Delete or the Manager's Close.
//
// No lock is held across I/O. A session's lock is taken before its log's and
// before the manager's, never the other way round.
package session
