//go:build !unix

package stdio

import (
	"io"
	"os"
)

// openStandard makes a connection of f whose Close doesn't wait.
func openStandard(f *os.File) (io.ReadWriteCloser, func() error, error) {
	return newDetached(f), nothingToRestore, nil
}
