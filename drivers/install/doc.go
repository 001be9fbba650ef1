// Package install knows where an agent's program is, which version it is, and
// how to get it.
//
// A program is looked for, in this order, where an environment variable says
// so, in the bridge's own data directory, in the PATH, and where the agent's
// own installer puts it. What is found can be executed, and is the native
// program: a package's launcher, which starts that program through Node or only
// prints how to get it, is passed over for the one that it stands for.
//
// A program is installed from the npm package that holds it for this platform,
// without npm: Node need not be there. Which registry is asked, how it is
// reached and with which token, npm's configuration says; npm is run only to
// tell which registry it would use when no file does. A project's
// .npmrc doesn't count, so that no folder that an agent works in says where
// programs come from. What comes is checked against the registry's digest, and
// for the tested version against the one in this package's table, unpacked
// beside its place and renamed into it. An install that was killed, or that ran
// out of disk, leaves nothing that anybody would run, and the next one removes
// it.
//
// In the data directory an agent's programs are in
//
//	agents/<agent>/<version>-<platform>[-<random>]/   the package, with a marker
//	agents/<agent>/current                            the name of the one to use
//	agents/<agent>/.lock                              held by who installs
//
// and bin/<command> is honoured as a place where people put one themselves.
// Versions stay until somebody removes their folders. The check of what is
// there notices a program that is missing, truncated or half installed, not a
// deliberate change of its bytes. Client certificates (npm's certfile and
// keyfile) are not supported.
package install
