// Package codex drives Codex: one app-server for all sessions that may share
// it, spoken with in JSON-RPC over its stdin and stdout, a thread for each
// session.
//
// A server reads the lines and hands each to the session whose thread it
// belongs to; the threads of sub-agents belong to the session that started
// them. What a session's lines mean is decided by its converter, a pure
// function of state and bytes. Nothing that Codex prints is lost without a
// word: a line becomes events, or its method is in the list of what is knowingly
// dropped, or it becomes an agent.unparsed event, after which everything goes
// on.
//
// Sessions share an app-server when program and environment are the same, the
// session's own included. Directory, sandbox, approval policy, model, tool
// servers, skills and system prompt are the thread's. When the app-server dies,
// all its sessions are told; each is started again, with its memory, by its next
// message, and the first of them starts another app-server.
//
// The user's configuration and login are never written: threads are started with
// a read-only sandbox, since for a writable one Codex notes that the directory is
// trusted, and each turn brings its own; a key that the bridge hands over is kept
// in memory. Codex itself keeps its transcripts and databases where it always
// does, which is what makes resuming possible.
//
// The commands of a session have a mark in their environment by which they are
// told from those of others and killed when the turn is interrupted or the
// session ends.
//
// Facts about the protocol hold as seen with codex-cli 0.169.0. Limits: of a
// thread that was resumed Codex doesn't tell the calls that leave no item (see
// raw.go), nor why a patch was not applied; what a web search found is known to
// the model only; the diffs of turn and session cover what patches changed, not
// commands; a refusal's text reaches the model as a remark of the user's, since
// the protocol has no other way.
package codex
