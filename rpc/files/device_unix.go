//go:build unix

package files

import "golang.org/x/sys/unix"

// errCrossDevice is what a rename to another file system fails with.
const errCrossDevice = unix.EXDEV
