package install

import "golang.org/x/sys/unix"

// translated tells whether this process is an x64 one on an arm64 machine.
// Some agents' x64 builds need AVX, which the translation doesn't offer.
func translated() bool {
	on, err := unix.SysctlUint32("sysctl.proc_translated")
	return err == nil && on == 1
}
