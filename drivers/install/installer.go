package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Installer installs agents' programs into the data directory, from npm's
// packages but without npm: Node need not be there. It is safe for concurrent
// use.
type Installer struct {
	environ func() []string
	host    Platform
	pause   time.Duration // before what failed is tried again
}

// NewInstaller makes an installer. environ is the environment that says where
// the data directory is and, with the .npmrc file of the user, which registry
// to ask.
func NewInstaller(environ func() []string) *Installer {
	return &Installer{environ: environ, host: Host(), pause: retryPause}
}

// Request says what to install.
type Request struct {
	Agent string
	// Version is an exact version or a dist-tag of the agent's npm package,
	// such as "latest"; "" is the version that this bridge was tested with.
	Version string
	// Reinstall fetches a version that is there already once more.
	Reinstall bool
	// Report, which may be nil, is told how far the install is.
	Report Report
}

// Installed is what there is now.
type Installed struct {
	Version string
	Path    string // of the program
}

// exactVersion is what a version of npm looks like.
var exactVersion = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// versionName is a version or a dist-tag.
var versionName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._+-]{0,127}$`)

// CheckVersion says whether something can be the name of a version; the error
// is a *universal.Error of kind invalid_request.
func CheckVersion(version string) error {
	if version != "" && !versionName.MatchString(version) {
		return universal.InvalidRequest("version %q: give a version such as 1.2.3, or a name such as latest", version)
	}
	return nil
}

// Install makes a version the one that [Locate] finds in the data directory,
// and fetches it if it isn't there. Of those who install an agent at the same
// time, also in other processes, one does it, and the others find it done. The
// error is a *universal.Error: unsupported_agent, invalid_request, or
// install_failed with details.message, and details.reason for what a person can
// do something about.
//
// Other versions stay on disk, so that going back to one is quick; what a
// reinstall replaces is removed.
func (in *Installer) Install(ctx context.Context, req Request) (Installed, error) {
	p, ok := Find(req.Agent)
	if !ok {
		return Installed{}, universal.UnsupportedAgent(req.Agent)
	}
	if err := CheckVersion(req.Version); err != nil {
		return Installed{}, err
	}
	if req.Report == nil {
		req.Report = func(Progress) {}
	}
	defer req.Report(Progress{Step: Over})
	done, err := in.install(ctx, &p, req)
	if err != nil {
		return Installed{}, failed(ctx, p.Agent, explainDisk(err))
	}
	return done, nil
}

func (in *Installer) install(ctx context.Context, p *Program, req Request) (done Installed, err error) {
	platform, pkg, ok := p.Packages.For(in.host)
	if !ok {
		return Installed{}, fmt.Errorf("%w (%s); if you have a program that runs here, set %s to its path", ErrUnsupportedPlatform, in.host, p.Variable)
	}
	environ := in.environ()
	if path := lookup(environ)(p.Variable); path != "" {
		return Installed{}, fmt.Errorf("%w: %s is %s; unset it first", ErrPathSet, p.Variable, path)
	}
	data, err := DataDir(lookup(environ))
	if err != nil {
		return Installed{}, err
	}
	st := newStore(data, p.Agent)
	before := st.folders()
	release, waited, err := lock(ctx, st.dir, req.Report)
	if err != nil {
		return Installed{}, fmt.Errorf("use the data directory (set %s to choose another): %w", DataDirVariable, err)
	}
	defer func() { err = errors.Join(err, release.Close()) }()
	// What is there needs no registry, and no settings that are right.
	connect := sync.OnceValues(func() (*registry, error) { return newRegistry(ctx, environ, in.pause) })
	version, err := in.version(ctx, p, req.Version, connect)
	if err != nil {
		return Installed{}, err
	}
	pkg = p.in(pkg, version)
	there, err := st.find(version, platform, pkg)
	if err != nil {
		return Installed{}, err
	}
	dir := there
	// Who had to wait finds done what it wanted.
	if there == "" || req.Reinstall && !(waited && !slices.Contains(before, there)) {
		from, err := connect()
		if err != nil {
			return Installed{}, err
		}
		dir = st.folder(version, platform)
		if err := from.put(ctx, pkg, dir, marker{Version: version, Platform: platform}, req.Report); err != nil {
			return Installed{}, err
		}
	}
	if err := st.use(dir); err != nil {
		return Installed{}, err
	}
	if there != "" && there != dir {
		// Where a running program can't be removed it stays.
		_ = os.RemoveAll(there)
	}
	_, program, ok := readMarker(dir)
	if !ok {
		return Installed{}, fmt.Errorf("%s changed while it was being installed", dir)
	}
	return Installed{Version: version, Path: program}, nil
}

// version makes an exact version of what was asked for; only for a dist-tag is
// the registry asked.
func (in *Installer) version(ctx context.Context, p *Program, asked string, connect func() (*registry, error)) (string, error) {
	switch {
	case asked == "":
		return p.Version, nil
	case exactVersion.MatchString(asked):
		return asked, nil
	}
	from, err := connect()
	if err != nil {
		return "", err
	}
	return from.tagged(ctx, p, asked)
}
