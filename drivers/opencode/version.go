package opencode

import (
	"context"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/version"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const (
	// knownVersion is the version that this driver was made for.
	knownVersion = "1.18.33"
	// oldestVersion is the oldest that is spoken with: before 1.1.1 permissions
	// are asked for in another way, before 1.1.7 there are no questions.
	oldestVersion = "1.1.7"
)

func tooOld(found string) string {
	return fmt.Sprintf("opencode %s is too old: %s or newer is needed; install a newer one, such as %s", found, oldestVersion, knownVersion)
}

// checkVersion refuses a server that speaks otherwise. One that isn't there is
// found out by the start, which may install it.
func (d *Driver) checkVersion(ctx context.Context) error {
	path, err := d.opts.Locate()
	if err != nil {
		return nil
	}
	found, err := d.version(ctx, path)
	switch {
	case err != nil:
		d.opts.Logger.Warn("the version of opencode can't be read", "path", path, "error", err)
	case version.Older(found, oldestVersion):
		return universal.NotSupported(agentID, "version: "+tooOld(found))
	case !version.Near(found, knownVersion) && d.untried.First(found):
		d.opts.Logger.Warn("this version of opencode was not tried", "version", found, "known", knownVersion)
	}
	return nil
}
