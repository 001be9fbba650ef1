package eventlog

import (
	"errors"
	"fmt"
)

var (
	// ErrCaughtUp is returned by [Cursor.TryNext] when there is nothing to read
	// yet.
	ErrCaughtUp = errors.New("read event log: no newer events yet")

	// ErrDeleted is returned to readers and writers of a deleted log, or a sealed
	// one that they have read.
	ErrDeleted = errors.New("use event log: the log was deleted")

	// ErrClosed is returned to readers and writers once the store is closed.
	ErrClosed = errors.New("use event log: the store is closed")

	// ErrDiskBudget is the cause of a [SpillError] when the files of all logs
	// have reached Options.Disk.
	ErrDiskBudget = errors.New("disk budget of the event logs is used up: delete old sessions or raise the budget")

	// ErrMemoryBudget is returned by [Log.Append] when all logs together hold
	// twice Options.Memory, which happens when spilling fails or can't keep up.
	ErrMemoryBudget = errors.New("append to event log: memory budget of the event logs is used up: end some sessions or raise the budget")

	// ErrTooLarge is returned by [Log.Append] for a batch that has a record of
	// more than [MaxRecord] bytes.
	ErrTooLarge = fmt.Errorf("append to event log: an event is larger than %d bytes", MaxRecord)

	// ErrCorrupt is wrapped by the error of a read that found other bytes in
	// the file than were written.
	ErrCorrupt = errors.New("file is damaged: its bytes are not those that were written")

	// ErrNotLog is returned by [Scan] for input that doesn't begin like the
	// file of a log.
	ErrNotLog = errors.New("scan event log: not an event log file")

	// ErrVersion is returned by [Scan] for the file of a log in a format that
	// this version of the program doesn't know.
	ErrVersion = errors.New("scan event log: format is from another version of the program: use that version to read it")
)

// SpillError says that older events could not be moved from memory to disk.
// From [Log.Spill] it is a warning: the events are still in memory. From
// [Log.Append] it is a refusal: nothing was appended.
type SpillError struct {
	Op  string // "spill" or "append"
	Log string // name of the log
	Err error  // why: ErrDiskBudget or what the file system said
}

func (e *SpillError) Error() string {
	if e.Op == "append" {
		return fmt.Sprintf("append to event log %q: memory is full and older events can't be moved to disk: %v", e.Log, e.Err)
	}
	return fmt.Sprintf("move older events of log %q to disk: %v", e.Log, e.Err)
}

func (e *SpillError) Unwrap() error { return e.Err }
