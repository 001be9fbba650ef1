// Package wire brings OpenCode's server, which speaks HTTP and server-sent
// events, to lines: what a driver writes and reads is one duplex of JSON lines,
// as with agents that speak over stdin and stdout, and can be recorded and
// played back as such.
//
// A line written is a request:
//
//	{"id":7,"method":"POST","path":"/session","query":{"directory":"/project"},"body":{}}
//
// The lines read are answers, in the order in which they come, the state of the
// event stream, and its events:
//
//	{"id":7,"status":200,"body":…}     no body if the answer has none
//	{"id":7,"error":"…"}               no answer came, or it is no JSON
//	{"id":7,"error":"…","unsent":true} the server was not there to get the request
//	{"stream":"up"}                    what happens from here on is told
//	{"stream":"down","error":"…"}      what happens until the next "up" is not
//	{"event":…}                        one event, byte for byte
//
// The event stream, of all directories, is connected as soon as the server
// listens; when it breaks, or is silent for three times the interval of the
// server's heartbeats, it is connected again, at increasing distances, as long
// as the process lives. The server replays nothing: whoever reads "up" a second
// time has to look what has happened meanwhile.
//
// Requests run side by side, up to a bound, behind which Write waits. A client
// that stops reading stops the reading of the stream and of answers, so that
// memory is bounded by what one line may have. Everything ends with the
// process, which Stop ends: it lets the server abort its turns and kill their
// commands first, which a signal alone would not do.
//
// Seen with OpenCode 1.18.33.
package wire
