package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers/filelock"
)

// Step is a part of an install that takes time.
type Step string

const (
	Waiting     Step = "waiting"     // for another process to finish its install
	Downloading Step = "downloading" // with Done and Total
	Unpacking   Step = "unpacking"
	Over        Step = "over" // well or not
)

// Progress tells how far an install is.
type Progress struct {
	Step    Step
	Package string // with its version, such as "opencode-linux-x64@1.18.33"
	// Done and Total are bytes; Total is -1 where the registry doesn't tell.
	Done, Total int64
}

// Report is called by one goroutine at a time, often while downloading.
type Report func(Progress)

// Fetch makes dir hold a package, complete and checked, and returns the path of
// its program. A folder that holds it already is left as it is, and used
// without any network. environ is what npm's settings are read from, as
// os.Environ gives it; report may be nil.
//
// Fetch calls for folders beside each other wait for each other, those of other
// processes too. What one leaves behind that is killed, the next one removes.
// The error wraps one of this package's causes where one of them is it.
func Fetch(ctx context.Context, environ []string, pkg Package, dir string, report Report) (program string, err error) {
	if report == nil {
		report = func(Progress) {}
	}
	if _, program, ok := holds(dir, pkg); ok {
		return program, nil
	}
	release, _, err := lock(ctx, filepath.Dir(dir), report)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, release.Close()) }()
	if _, program, ok := holds(dir, pkg); ok {
		return program, nil
	}
	from, err := newRegistry(ctx, environ, retryPause)
	if err != nil {
		return "", err
	}
	if err := from.put(ctx, pkg, dir, marker{}, report); err != nil {
		return "", explainDisk(err)
	}
	_, program, _ = holds(dir, pkg)
	return program, nil
}

// lockPoll is how often a held lock is tried again. The system's own waiting
// call can't be ended by a context.
const lockPoll = 100 * time.Millisecond

// lock makes a folder, if it isn't there, and waits until nobody else installs
// into it.
func lock(ctx context.Context, dir string, report Report) (release io.Closer, waited bool, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, false, err
	}
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for ; ; waited = true {
		release, err := filelock.Try(filepath.Join(dir, ".lock"))
		if !errors.Is(err, filelock.ErrHeld) {
			return release, waited, err
		}
		if !waited {
			report(Progress{Step: Waiting})
		}
		select {
		case <-ctx.Done():
			return nil, waited, fmt.Errorf("wait for the install in another process: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// stagingPrefix begins the names of what isn't finished.
const stagingPrefix = ".staging-"

// put downloads, checks and unpacks a package beside dir and renames it to dir,
// whose parent must be locked. The download is on the same file system, so a
// full disk shows before anything was replaced. m is put into the folder's
// marker.
func (r *registry) put(ctx context.Context, pkg Package, dir string, m marker, report Report) (err error) {
	parent := filepath.Dir(dir)
	// Only the holder of the lock has staging folders, so what is there was
	// left by a process that died.
	if err := removeStaging(parent); err != nil {
		return err
	}
	name := pkg.Name + "@" + pkg.Version
	report(Progress{Step: Downloading, Package: name, Total: -1})
	from, err := r.find(ctx, pkg)
	if err != nil {
		return err
	}
	staging, err := os.MkdirTemp(parent, stagingPrefix)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(staging)) }()
	tarball, unpacked := filepath.Join(staging, "package.tgz"), filepath.Join(staging, "package")
	err = r.download(ctx, pkg, from, tarball, func(done, total int64) {
		report(Progress{Step: Downloading, Package: name, Done: done, Total: total})
	})
	if err != nil {
		return err
	}
	report(Progress{Step: Unpacking, Package: name})
	if err := os.Mkdir(unpacked, 0o755); err != nil {
		return err
	}
	if err := unpack(ctx, tarball, unpacked); err != nil {
		return err
	}
	m.Integrity, m.Executable = from.Integrity, pkg.Executable
	if err := writeMarker(unpacked, m); err != nil {
		return err
	}
	// What is there is no finished install, or the caller would not be here.
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(unpacked, dir)
}

func removeStaging(parent string) error {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), stagingPrefix) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(parent, entry.Name())))
		}
	}
	return err
}
