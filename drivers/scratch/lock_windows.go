package scratch

import (
	"io"
	"os"

	"golang.org/x/sys/windows"
)

// lockFile makes a file, if it isn't there, and locks it until it is closed or
// the process has ended, however it ends. It fails when somebody else has the
// lock.
func lockFile(path string) (io.Closer, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	// A file that is opened without sharing is opened once.
	handle, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil,
		windows.OPEN_ALWAYS, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}
