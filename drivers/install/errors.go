package install

import (
	"context"
	"errors"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// The causes of a failed install that a person can do something about. Test
// for them with errors.Is.
var (
	ErrUnsupportedPlatform = errors.New("the agent is not published for this platform")
	ErrPathSet             = errors.New("the environment says which program to use, so that an installed one would not be used")
	ErrNoRegistry          = errors.New("no npm registry is known here; set npm_config_registry to the address of one")
	ErrOffline             = errors.New("the npm registry can't be reached; check the network, the proxy and npm's configuration")
	ErrRefused             = errors.New("the npm registry wants a login; put a token for it into .npmrc (npm login does)")
	ErrUnknownVersion      = errors.New("the npm registry has no such version")
	ErrIntegrity           = errors.New("the downloaded package is not the one that was meant to be; nothing of it is kept: try again, and if it happens again, don't trust this registry")
	ErrDiskFull            = errors.New("the disk is full; free some space, or choose a folder elsewhere")
)

// reasons are the words for the causes that clients can switch on.
var reasons = []struct {
	cause error
	word  string
}{
	{ErrUnsupportedPlatform, "unsupported_platform"},
	{ErrPathSet, "path_set"},
	{ErrNoRegistry, "no_registry"},
	{ErrOffline, "offline"},
	{ErrRefused, "login_needed"},
	{ErrUnknownVersion, "unknown_version"},
	{ErrIntegrity, "integrity"},
	{ErrDiskFull, "disk_full"},
}

// failed makes the error that a client is told: of kind install_failed, with
// the whole story in details.message and a word for it in details.reason. A
// caller that gave up is told just that.
func failed(ctx context.Context, agent string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("install %s: %w", agent, context.Cause(ctx))
	}
	e := &universal.Error{Kind: universal.KindInstallFailed, Detail: "install failed: " + agent, Agent: agent, Cause: err}
	for _, r := range reasons {
		if errors.Is(err, r.cause) {
			e.With("reason", r.word)
			break
		}
	}
	message := err.Error()
	if errors.Is(err, ErrDiskFull) {
		message += "; " + DataDirVariable + " chooses the folder"
	}
	return e.With("message", message)
}

// explainDisk adds ErrDiskFull to an error that the system gave for that reason.
func explainDisk(err error) error {
	if err != nil && isDiskFull(err) && !errors.Is(err, ErrDiskFull) {
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	}
	return err
}
