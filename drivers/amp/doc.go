// Package amp drives Amp's CLI: one process for each turn, which continues the
// conversation (a "thread" of Amp's service) where the one before left it.
//
// The CLI takes messages on stdin and prints what happens as lines of JSON; it
// takes no answers there. Permissions and questions go another way: a side
// channel, on which something of ours inside the CLI asks and waits. In native
// builds that is a plugin, in the JavaScript builds before them a program that
// the CLI runs for each tool call, and a tool server for questions. That
// program is the bridge itself in another role, see [RunHelperIfAsked]. Both
// ways end in one stream of lines, [Transport], which is what is recorded.
//
// What the lines mean is decided by a converter, a pure function of state and
// bytes. Nothing the CLI prints is lost without a word: a line becomes events,
// or its kind is in the list of what is knowingly dropped, or it becomes an
// agent.unparsed event, after which the session goes on.
//
// Nothing of the user's is written: settings, plugin, guidance and MCP servers
// of a session are in a private temporary directory that lives as long as it,
// made from the user's own, so that these hold too. Threads live on Amp's
// service, which is what makes resuming possible.
//
// # Permissions
//
// Everything that a tool does but read, search and think is asked for, under
// every generation alike. Of the user's own rules (amp.permissions), those that
// refuse hold by themselves; what a rule allows is asked for all the same,
// since the bridge could not keep a session from it otherwise. Amp's own list
// of harmless commands isn't used: it differs between the generations, and the
// newest has it switched off.
//
// A native build whose plugin has died runs everything unasked, and it kills a
// plugin that doesn't answer for five seconds while a person is asked. So the
// plugin holds a connection to the bridge; when that breaks, the turn ends with
// an error that says so.
//
// # Time limits
//
// A turn has none. But the CLI hangs for ever in some places, and prints nothing
// while the model thinks, so the silence is measured there, and only there: see
// the watchdog. While a tool runs, a sub-agent works or a person is asked,
// nothing is measured.
//
// # Limits
//
// Facts about the CLI hold as seen with 0.0.1790142911 (native, September
// 2026), 0.0.1777897475 (May 2026) and 0.0.1769425000 (January 2026). It prints
// no pieces of texts, no model and no cost. Of a sub-agent there is its last
// word, and with native builds, while it works alone, what it does on this
// machine; its other texts and its tokens are told by nobody.
// Commands that it leaves in the background end with their turn. What commands
// change in files is in no diff. What a file was that the JavaScript builds write
// anew is known where they ask for it, or the session has seen it; else it is told
// as new. A tool that runs on Amp's service instead of
// this machine can't be asked about.
package amp
