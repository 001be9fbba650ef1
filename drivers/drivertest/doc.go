// Package drivertest is the conformance suite that every driver passes, in
// the spirit of testing/slogtest. A driver's test calls [Run] with a
// [Subject]: how to make the driver, and which prompts make its agent show
// each behaviour that its capability flags claim.
//
// Each case has an explanation of the rule it checks, printed when it fails.
// Nothing is skipped: where a flag is false, the case checks instead that the
// driver refuses (kind not_supported) or that no event of the whole suite
// shows the behaviour; where a flag is true, a missing prompt is a failure.
//
// A [Recorder] is the sink of the suite, useful in other tests too: it keeps
// what a session says, waits for events without polling, and names every
// breach of the rules for drivers ([Recorder.Violations]). Those are weaker
// than the grammar of finished streams, which the receiver of a driver's
// events makes good for: see [Violations].
//
// Deadlines are safety nets: a driver that is merely slow passes.
package drivertest
