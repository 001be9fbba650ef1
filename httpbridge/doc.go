// Package httpbridge serves the method table of package rpc over HTTP: calls
// as JSON under /v1, streams as server-sent events, files as they are.
//
// Every route comes from the table; a request's path, query and body become
// the one params object that a client on stdio sends, and every failure is a
// problem document (RFC 7807) with the same kinds.
//
// Promises: no turn and no stream is cut by a time limit, and a reader that
// stalls holds up nobody else and misses nothing; every event carries its
// sequence number as the id, so that a reader that comes back continues where
// it was; whoever doesn't get on with a request's header or body, or with
// reading an answer that is no stream, is given up after a minute at most. No
// body is held in memory but that of a call, up to the server's limit for one
// message, and all of them together up to four times that. Without a token a
// bridge that listens on the loopback interface answers only to names of this
// machine, so that no web page can use it.
//
// Limits: HTTP/1.1 without TLS; who needs that puts a proxy in front. Bodies
// are taken as they are: a Content-Encoding is refused. What can't be read as a
// request at all (a bad request line or header, 64 KiB of headers, an unknown
// transfer encoding) is answered with a problem document too, and then the
// connection is closed; such requests are neither logged nor counted.
package httpbridge
