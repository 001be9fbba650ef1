package install

import (
	"io/fs"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"
)

// Platform names what a native program runs on: operating system, processor,
// then "-baseline" for processors without AVX2 and "-musl" for Linux systems
// with that C library. The processors are called x64 and arm64, as npm
// packages call them.
type Platform string

// Host is the platform of this machine.
func Host() Platform {
	arch := runtime.GOARCH
	if translated() {
		arch = "arm64" // what the machine itself runs is faster, and complete
	}
	return platformOf(runtime.GOOS, arch, arch == "amd64" && !cpu.X86.HasAVX2, os.DirFS("/"))
}

// platformOf looks for the C library in root, which is only read on Linux.
func platformOf(goos, goarch string, baseline bool, root fs.FS) Platform {
	arch := goarch
	if arch == "amd64" {
		arch = "x64"
	}
	platform := goos + "-" + arch
	if baseline {
		platform += "-baseline"
	}
	if goos == "linux" && usesMusl(root) {
		platform += "-musl"
	}
	return Platform(platform)
}

// usesMusl tells a musl system from a glibc system that has musl's loader
// installed beside its own library.
func usesMusl(root fs.FS) bool {
	return anyMatch(root, "lib/ld-musl-*") &&
		!anyMatch(root, "lib/*-linux-gnu*/libc.so.6", "lib64/libc.so.6", "usr/lib64/libc.so.6", "usr/lib/libc.so.6")
}

func anyMatch(root fs.FS, patterns ...string) bool {
	for _, pattern := range patterns {
		// The patterns are constants, so Glob can't report a bad one.
		if found, _ := fs.Glob(root, pattern); len(found) > 0 {
			return true
		}
	}
	return false
}

// runs are the platforms whose programs a host can run, the best first: a
// build for a lesser processor runs on a better one, and a publisher that
// offers no such build claims to need no more than it has.
func (host Platform) runs() []Platform {
	plain, baseline, musl := host.parts()
	other := plain + "-baseline"
	if baseline {
		plain, other = other, plain
	}
	return []Platform{Platform(plain + musl), Platform(other + musl)}
}

// parts takes a platform's name apart.
func (host Platform) parts() (plain string, baseline bool, musl string) {
	plain = string(host)
	if rest, ok := strings.CutSuffix(plain, "-musl"); ok {
		plain, musl = rest, "-musl"
	}
	plain, baseline = strings.CutSuffix(plain, "-baseline")
	return plain, baseline, musl
}

// related are the platforms whose packages a package manager may have
// installed on a host, the best first: it knows system and processor well and
// the C library not always, so a system that hides what it has is believed in
// the end.
func (host Platform) related() []Platform {
	plain, _, musl := host.parts()
	list := host.runs()
	if !strings.HasPrefix(plain, "linux-") {
		return list
	}
	other := Platform(plain + "-musl")
	if musl != "" {
		other = Platform(plain)
	}
	return append(list, other)
}
