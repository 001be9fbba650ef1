package opencode

import "context"

const (
	// knownVersion is the version that this driver was made for.
	knownVersion = "1.18.33"
	// oldestVersion is the oldest that is spoken with: before 1.1.1 permissions
	// are asked for in another way, before 1.1.7 there are no questions.
	oldestVersion = "1.1.7"
)

// checkVersion refuses a server that speaks otherwise. One that isn't there is
// found out by the start, which may install it.
func (d *Driver) checkVersion(ctx context.Context) error {
	path, err := d.opts.Locate()
	if err != nil {
		return nil
	}
	found, err := d.version(ctx, path)
	return d.supported.Check(found, err, d.opts.Logger.With("path", path))
}
