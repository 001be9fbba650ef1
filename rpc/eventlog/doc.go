// Package eventlog keeps the events of sessions: appended once, already
// encoded, and read from anywhere by any number of cursors at their own pace.
//
// A [Store] holds the budgets and the private directory of all logs, a [Log]
// is one session's sequence of records 1, 2, 3, …, a [Batch] is what a writer
// appends and a [Cursor] is a reader. An event is opaque to this package: a
// record is head bytes, raw bytes (possibly none) and a tag.
//
// # Promises
//
//   - A batch is appended whole or not at all, and what was appended is read by
//     every cursor in order, without gap or repeat, until the log is deleted or
//     the store is closed. Nothing is dropped to save memory.
//   - [Log.Append] does no I/O and is never held up by a reader or by the disk.
//     It wakes all waiting readers at once, whatever their number.
//   - Bytes handed to a reader never change and stay valid as long as the reader
//     keeps them, unless it asked for less ([Cursor.Reuse]). A cursor that isn't
//     reading holds no memory of the log and needs no closing.
//   - Reading starts at any sequence number at once: the way there is a bounded
//     scan, however long the log is.
//
// # Bounds
//
// Recent records are in memory, in chunks. [Log.Spill], which a writer calls
// after it has appended and let go of its own locks, writes the older half of a
// log that is over Options.LogMemory to the log's file, and more until all logs
// together are within Options.Memory. [Log.Settle] does so for one that rests,
// and keeps a quarter of LogMemory. Between Append and Spill a log is over
// its budget by at most what its writers have appended and not yet spilled.
// The index of the file comes on top: 16 bytes for each 64 KiB on disk, and some
// 64 KiB for the longest log.
//
// If the file can't be written, or Options.Disk is reached, records stay in
// memory and appending goes on up to twice LogMemory. Then Append refuses with
// a [SpillError] that wraps the cause (for the budget: [ErrDiskBudget]).
// [Log.AppendFinal] has one more LogMemory, kept back so that a writer can
// still append what closes its session. Once all logs together hold twice
// Options.Memory, Append refuses with [ErrMemoryBudget]. Each Spill tries
// again, and when one succeeds, appending works again.
//
// # Files
//
// A log has a file once it has spilled, with the same bytes that were in
// memory; format.go describes it and [Scan] reads it. A record's sum is checked
// when it is first read, and always where the records before it were not read
// yet. Files are opened for each operation and never kept open, so that
// thousands of logs need no more descriptors than there are reads and writes at
// one instant. They are made for the owner only (0600 in a directory of 0700),
// their names are numbers, and they are deleted with the log. They aren't
// synced: the directory is temporary. What a killed process leaves behind, the
// next store removes.
package eventlog
