// Package files reads and changes files of the machine that the agents work
// on, for clients that are elsewhere.
//
// A [Tree] resolves relative paths below its base and takes absolute ones as
// they are: the whole machine is meant to be in reach, with the rights of the
// user that runs the bridge. Symbolic links are followed, except by Entries.
//
// Promises: a write or a move is seen whole or not at all; what an archive
// holds can't leave its destination, and nothing of an archive is written
// before all of it was looked at; contents pass through in pieces of constant
// size.
//
// Every error is a *universal.Error: invalid_request for what the caller can
// put right (path not found, not a directory, it exists already), stream_error
// for what the system refused.
package files
