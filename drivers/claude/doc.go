// Package claude drives Claude Code: one long-lived process per session, spoken
// with over its stream-json format and control protocol.
//
// What the CLI's lines mean is decided by a converter, a pure function of state
// and bytes; a session writes what a person wants and feeds the converter.
// Nothing the CLI prints is lost without a word: a line becomes events, or its
// kind is in the list of what is knowingly dropped, or it becomes an
// agent.unparsed event, after which the session goes on.
//
// Nothing in the user's directories is written by the driver: MCP servers are
// given over the control protocol, and skills as a plugin in a private temporary
// directory that lives as long as the session; what a bridge that was killed
// leaves of them, the next one removes. The CLI itself keeps its
// transcripts where it always does, which is what makes resuming possible.
//
// Facts about the protocol hold as seen with Claude Code 2.1.330; where older
// versions lack something, the code says what it falls back to. Limits: the
// output of a running command isn't streamed by the CLI, the working directory
// of a command is unknown after a cd, and of what a sub-agent changes in files
// the CLI doesn't tell enough to make a diff. Of a sub-agent's messages it tells
// no final figures: what they used is in the usage of turn.ended, not in that of
// usage.updated before.
package claude
