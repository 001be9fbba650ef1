// Package filelock locks files between processes. A lock ends with the process
// that has it, however that ends, so that nothing has to be cleared away after
// one that was killed.
package filelock

import "errors"

// ErrHeld says that somebody else has the lock.
var ErrHeld = errors.New("the file is locked by another process")
