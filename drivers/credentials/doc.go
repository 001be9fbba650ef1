// Package credentials finds the logins that are on this machine already: in
// the environment and in the files of the agents' own programs.
//
// It reads and nothing else: no program is started, no network used, no file
// written, no token spent. Files are read up to a bound, and what is broken is
// told ([Set.Problems]) instead of passed over. It can't see what is in a
// keychain or behind a command that prints a key; for those, ask the agent.
//
// A secret is a [Secret]: it shows its ends only, wherever it is printed,
// logged or encoded, until somebody calls [Secret.Reveal].
//
// Where the agents keep what was seen with Claude Code 2.1.330, Codex 0.169.0,
// OpenCode 1.18.33 and Amp 0.0.1790142911.
package credentials
