// Package stdio speaks JSON-RPC 2.0 over one byte stream: the standard streams
// of a child process, a pipe, a socket. It knows nothing about which methods
// exist or what they mean; a [Handler] does.
//
// # Promises
//
// Input never ends a connection; only its end does. Whatever a client sends
// that is not a request is answered with an error, most of the time with id
// null, and the next message is read. Messages above a limit are skipped and
// answered, without ever being held.
//
// The first byte decides the framing of both directions: 'C' or 'c' means
// Content-Length headers, anything else one message per line.
//
// Ids are opaque: strings and integers of any size come back byte for byte.
// Params reach the handler byte for byte too.
//
// Requests run concurrently, a bounded number of them. They are registered in
// the order of their arrival, so a cancel notice that follows a request always
// finds it. A response is written before anything that the handler asked to be
// started after it.
//
// Every message, and every batch of notifications, is one Write. A waiting
// response goes ahead of waiting notifications after at most
// [BatchBytes] (or one notification, if that is larger).
//
// # Limits
//
// Batches of requests are refused. The server side sends responses and
// notifications, no requests of its own. A client that doesn't read stops whoever
// writes to it; nothing is queued on its behalf and nothing is dropped.
//
// Requests and responses go through sourcegraph/jsonrpc2.Conn. By itself it closes the
// connection on the first bad line, answers id -1 with another number, takes id
// null for a notification, decodes and encodes params anew, and loses the answers
// in flight when the input ends. Therefore Conn is given a stream of its own,
// which shows it valid envelopes with ids made up here, and keeps the client's
// ids, the params and the results beside it.
package stdio
