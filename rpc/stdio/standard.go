package stdio

import (
	"errors"
	"io"
	"os"
)

// OpenStdio makes one connection of the process's standard input and output. Its
// Close ends a Read and a Write that are under way, which os.Stdin.Close and
// os.Stdout.Close don't do, and a Write to a closed pipe is an error, which for
// os.Stdout would end the process.
//
// On Unix, pipes, sockets and files are opened anew in non-blocking mode. That mode
// belongs to the open file, which the parent process may share: restore sets it
// back and must be called before the process exits. Until then the process must
// not use os.Stdin and os.Stdout itself.
//
// Terminals, and everything on Windows, stay as they are. There, Close leaves a
// Read or Write that doesn't return to a goroutine that lasts until it does.
func OpenStdio() (conn io.ReadWriteCloser, restore func() error, err error) {
	return openPair(os.Stdin, os.Stdout)
}

func openPair(inFile, outFile *os.File) (io.ReadWriteCloser, func() error, error) {
	in, restoreIn, err := openStandard(inFile)
	if err != nil {
		return nil, nil, err
	}
	out, restoreOut, err := openStandard(outFile)
	if err != nil {
		return nil, nil, errors.Join(err, in.Close(), restoreIn())
	}
	restore := func() error { return errors.Join(restoreOut(), restoreIn()) }
	return Join(in, out), restore, nil
}

func nothingToRestore() error { return nil }
