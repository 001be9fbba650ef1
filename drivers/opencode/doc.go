// Package opencode drives OpenCode: one `opencode serve` for all sessions and
// directories that may share it, spoken with over its HTTP API and the event
// stream of all directories, which package wire brings to lines.
//
// What the server's lines mean is decided by a converter, one for each session,
// a pure function of state and bytes; a session writes what a person wants and
// feeds the converter. Nothing the server says is lost without a word: a line
// becomes events, or its kind is in the list of what is knowingly dropped, or
// it becomes an agent.unparsed event, after which the session goes on. When the
// event stream breaks, the state of the running turn is read again, and what is
// known already is not told twice.
//
// # What shares a server
//
// Sessions share one when their program and environment are the same, the
// variables of the session included, and so are their MCP servers, which
// OpenCode knows by directory only, their skills, which are a part of its
// configuration, and whether they may use hosted models. A server lives as long
// as it has sessions.
//
// # Configuration
//
// The user's configuration and logins are OpenCode's own business and stay in
// force; what a session needs beyond them is handed over in the environment
// ([OPENCODE_CONFIG_CONTENT]) and by a small plugin in a private temporary
// directory. They make OpenCode ask before whatever is not harmless, also where
// the user's configuration allows it, so that the bridge answers by the
// session's permission mode; what the user denies stays denied. OpenCode's own
// "always" is never used, since it reaches other sessions of the directory.
//
// The provider "opencode" offers hosted models without a login. It is switched
// off unless the user has a login for it, has configured it, or a session asks
// for one of its models: nobody's code goes to a service that nobody named.
//
// In the background OpenCode installs a package into the user's configuration
// directory and into a project's .opencode, and waits for it. It is kept from
// doing so by telling npm that there is no network; commands and tool servers
// are told nothing of it. What it still writes there is a .gitignore, if there
// is none.
//
// OpenCode unpacks libraries that it carries, a file of five megabytes for each
// server that looks for files, and leaves them behind. They go into the private
// directory of the server, which is removed with it.
//
// Commands that the model runs have the id of their session in their
// environment, by which they are found when a turn is interrupted or a session
// is closed; of the server's own password and configuration they see nothing.
//
// # Limits
//
// Facts about the protocol hold as seen with OpenCode 1.18.33. The working
// directory of a command is told only where the model chose one. In a directory
// that is no git repository there are no diffs of turns. The diff of a session
// begins when it is started or resumed; a file that several turns changed has
// one section for each. The model's searches and skills need ripgrep; where it
// is missing the session says so when it starts.
//
// [OPENCODE_CONFIG_CONTENT]: https://opencode.ai/docs/config
package opencode
