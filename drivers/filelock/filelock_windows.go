package filelock

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/windows"
)

// Try makes a file, if it isn't there, and locks it until it is closed or the
// process has ended. The error is [ErrHeld] when somebody else has the lock,
// within this process too. The file itself stays.
func Try(path string) (io.Closer, error) {
	return try(path, windows.OPEN_ALWAYS)
}

// TryExisting is [Try] for a file that is there. It makes none: the error is
// [io/fs.ErrNotExist] then.
func TryExisting(path string) (io.Closer, error) {
	return try(path, windows.OPEN_EXISTING)
}

func try(path string, disposition uint32) (io.Closer, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	// A file that is opened without sharing is opened once.
	handle, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil,
		disposition, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
		err = ErrHeld
	}
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}
