package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Installer gets agents' programs; *install.Installer is one.
type Installer interface {
	Install(ctx context.Context, req install.Request) (install.Installed, error)
}

// InstallOptions say what to install.
type InstallOptions struct {
	// Version is an exact version or a name such as "latest"; by default the
	// one that the bridge was tested with.
	Version string `json:"version,omitempty"`
	// Reinstall fetches what is there already once more.
	Reinstall bool `json:"reinstall,omitempty"`
}

// Install gets an agent's program. An agent that is there already, wherever,
// is enough unless a version or a reinstall is asked for.
func (m *Manager) Install(ctx context.Context, agent string, opts InstallOptions) error {
	d, err := m.Driver(agent)
	if err != nil {
		return err
	}
	if err := install.CheckVersion(opts.Version); err != nil {
		return err
	}
	if !opts.Reinstall {
		if _, err := has(ctx, d, opts.Version); err == nil {
			return nil
		}
	}
	return m.install(ctx, d, opts)
}

// has tells whether an agent is there, in a version if one is given. The error
// is of kind agent_not_installed.
func has(ctx context.Context, d drivers.Driver, version string) (drivers.Probe, error) {
	agent, probe := d.Info().ID, d.Probe(ctx)
	switch {
	case !probe.Installed:
		return probe, universal.AgentNotInstalled(agent, probe.Problem)
	case version == "" || version == probe.Version:
	case probe.Path == "":
		return probe, partOfBridge(agent)
	default:
		return probe, universal.AgentNotInstalled(agent, fmt.Sprintf(
			"version %s is asked for, and %s is there (%s); agents/install gets the other one", version, probe.Version, probe.Path))
	}
	return probe, nil
}

// partOfBridge is the error of who asks for a version of the mock.
func partOfBridge(agent string) error {
	return universal.AgentNotInstalled(agent, "it is a part of the bridge and has no other version")
}

// install gets an agent's program and makes sure that it is the one that
// sessions get, and that it runs.
func (m *Manager) install(ctx context.Context, d drivers.Driver, opts InstallOptions) error {
	agent := d.Info().ID
	if _, ok := install.Find(agent); !ok {
		if opts.Version == "" {
			return nil // it is a part of the bridge
		}
		return partOfBridge(agent)
	}
	if m.installer == nil {
		return universal.AgentNotInstalled(agent, "this bridge installs nothing")
	}
	m.logger.Info("install agent", "agent", agent, "version", opts.Version)
	done, err := m.installer.Install(ctx, install.Request{
		Agent: agent, Version: opts.Version, Reinstall: opts.Reinstall,
		Report: func(p install.Progress) { m.installing(agent, p) },
	})
	if err != nil {
		return err
	}
	m.logger.Info("agent installed", "agent", agent, "version", done.Version, "path", done.Path)
	if _, err := has(ctx, d, done.Version); err != nil {
		return notUsable(agent, err)
	}
	return nil
}

// notUsable is the error of an install that went well and didn't help.
func notUsable(agent string, err error) error {
	e := universal.Errorf(universal.KindInstallFailed, "install failed: %s", agent).Because(err)
	e.Agent = agent
	message := err.Error()
	if cause, ok := errors.AsType[*universal.Error](err); ok {
		if hint, ok := cause.Details["message"].(string); ok {
			message = hint
		}
	}
	return e.With("reason", "unusable").With("message", "the program was installed but can't be used: "+message)
}

// bringUp starts a new session's agent, which may install it first: one that
// is missing, or isn't there in the version that the session needs.
func (s *Session) bringUp(ctx context.Context) error {
	version := s.options.AgentVersion
	if version != "" {
		if _, err := has(ctx, s.driver, version); err != nil {
			if !s.manager.installMissing {
				return err
			}
			if err := s.manager.install(ctx, s.driver, InstallOptions{Version: version}); err != nil {
				return err
			}
		}
	}
	_, err := s.ensureAgent(ctx)
	if version != "" || !s.manager.installable(err) {
		return err
	}
	if err := s.manager.install(ctx, s.driver, InstallOptions{}); err != nil {
		return err
	}
	_, err = s.ensureAgent(ctx)
	return err
}

// installable tells whether an error is gone once the agent is installed.
func (m *Manager) installable(err error) bool {
	return m.installMissing && universal.KindOf(err) == universal.KindAgentNotInstalled
}
