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
// it was; requests that never end their header or body are given up. Without a
// token a bridge that listens on the loopback interface answers only to names
// of this machine, so that no web page can use it.
//
// Limits: HTTP/1.1 without TLS; who needs that puts a proxy in front.
package httpbridge
