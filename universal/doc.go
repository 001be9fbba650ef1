// Package universal is the one event schema that every coding agent's stream
// is turned into, and the checker of the grammar that such a stream keeps.
//
// An [Event] is an envelope (sequence, time, session, turn) around typed
// [Data]; an [Item] is something the agent said or did, made of content
// [Part] values. Both unions are open: a reader that meets a type it does not
// know keeps its bytes ([OpaqueData], [OpaquePart]) and goes on.
//
// The JSON names are snake_case. A field is either always present, then an
// unset one is null (Go type [NullString], or a Role), or it is left out when
// unset (omitempty). Both rules are part of the wire format: clients rely on
// them.
//
// [Checker] names every violation of the order that streams keep: sequence
// numbers without gaps, turns that do not overlap, everything that was opened
// closed again. It is what the tests of this project use, and what a client
// can use to check any stream it is given.
//
// [Error] is the closed list of error kinds of the whole product; codes and
// HTTP statuses are decided elsewhere.
//
// The package imports the standard library only.
package universal
