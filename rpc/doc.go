// Package rpc is the core of the bridge: the one table of methods, the
// handlers behind it, the table of error kinds, and the service of both over
// JSON-RPC on stdio.
//
// Everything that has to know which methods exist reads [Table]: the stdio
// dispatcher here, and whatever serves or describes the same methods in
// another way. A row says how its params are decoded and its result is made;
// no handler sees raw JSON. Rows that stream give a [Feed], which any
// transport can pump into a [FeedWriter] of its own.
package rpc
