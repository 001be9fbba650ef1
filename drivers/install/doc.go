// Package install knows where an agent's program is, which version it is, and
// how to get it.
//
// A program is looked for, in this order, where an environment variable says
// so, in the bridge's own data directory, in the PATH, and where the agent's
// own installer puts it. What is found can be executed, and is the native
// program: a package's launcher, which starts that program through Node or only
// prints how to get it, is passed over for the one that it stands for.
package install
