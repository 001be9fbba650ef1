package files

import "golang.org/x/sys/windows"

// errCrossDevice is what a rename to another volume fails with.
const errCrossDevice = windows.ERROR_NOT_SAME_DEVICE
