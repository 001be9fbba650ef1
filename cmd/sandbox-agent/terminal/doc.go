// Package terminal shows a session's events to a person, as lines of text.
//
// A [Printer] takes the events of one session in order and writes what a
// person wants to see: text while it streams, reasoning dimmed, tool calls
// with what came of them, diffs, the plan, requests and their answers, errors,
// and at the end of a turn what it took. What sub-agents do is indented.
//
// Promises: the same events give the same bytes, since nothing but the events
// is looked at, not even a clock; every text is cleaned first, so that no agent
// can move the cursor, set a title or change colours; without colour nothing
// but text is written; memory is bounded by what is open in the session and by
// the number of its sub-agents.
//
// Limits: long outputs are shown by their first and last lines, and headings
// are cut to the width of the terminal. Two texts that stream at the same time
// are not mixed: the second is shown when it is complete. Markdown is shown as
// it is written.
package terminal
