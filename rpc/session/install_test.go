package session_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// shop is the mock under the name of an agent that can be installed, together
// with what installs it.
type shop struct {
	*mock.Driver
	stays string // the version that stays whatever is installed; "" for none
	fails error  // of every install

	mu       sync.Mutex
	version  string // "" while it isn't installed
	requests []string
}

const tested = "1.0.0"

func (s *shop) Info() drivers.Info {
	info := s.Driver.Info()
	info.ID = "amp"
	return info
}

func (s *shop) Probe(context.Context) drivers.Probe {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.version == "" {
		return drivers.Probe{Problem: "it is nowhere"}
	}
	return drivers.Probe{Installed: true, Version: s.version, Path: "somewhere"}
}

func (s *shop) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	if p := s.Probe(ctx); !p.Installed {
		return nil, universal.AgentNotInstalled("amp", p.Problem)
	}
	return s.Driver.Start(ctx, cfg, sink)
}

func (s *shop) Install(_ context.Context, req install.Request) (install.Installed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what := req.Version
	if req.Reinstall {
		what += " again"
	}
	s.requests = append(s.requests, what)
	if s.fails != nil {
		return install.Installed{}, s.fails
	}
	got := req.Version
	if got == "" {
		got = tested
	}
	req.Report(install.Progress{Step: install.Over})
	if s.version = got; s.stays != "" {
		s.version = s.stays
	}
	return install.Installed{Version: got, Path: "somewhere"}, nil
}

func newShop(t *testing.T, version string, opts session.ManagerOptions) (*shop, *session.Manager) {
	t.Helper()
	s := &shop{Driver: mock.New(mock.Options{}), version: version}
	opts.Drivers = []drivers.Driver{s, mock.New(mock.Options{})}
	opts.Installer = s
	return s, newManager(t, opts)
}

func TestCreateInstallsWhatIsMissing(t *testing.T) {
	tests := []struct {
		name      string
		there     string // version that is installed
		missing   bool   // the bridge installs what is missing
		opts      session.CreateOptions
		installed []string
		kind      universal.ErrorKind // of the refusal; "" for none
		says      string
	}{
		{name: "there", there: tested, missing: true},
		{name: "missing", missing: true, installed: []string{""}},
		{name: "missing, and not to be installed", kind: universal.KindAgentNotInstalled, says: "it is nowhere"},
		{name: "the version is there", there: "2.0.0", opts: session.CreateOptions{AgentVersion: "2.0.0"}},
		{name: "another version is there", there: tested, missing: true, opts: session.CreateOptions{AgentVersion: "2.0.0"}, installed: []string{"2.0.0"}},
		{name: "another version is there, and none is to be installed", there: tested, opts: session.CreateOptions{AgentVersion: "2.0.0"},
			kind: universal.KindAgentNotInstalled, says: "version 2.0.0 is asked for, and 1.0.0 is there (somewhere)"},
		{name: "a version is missing", missing: true, opts: session.CreateOptions{AgentVersion: "2.0.0"}, installed: []string{"2.0.0"}},
		{name: "no version", missing: true, opts: session.CreateOptions{AgentVersion: "../2"}, kind: universal.KindInvalidRequest, says: "version"},
		{name: "nothing is installed for what is wrong", missing: true, opts: session.CreateOptions{Model: "nonsense"}, kind: universal.KindInvalidRequest, says: "nonsense"},
		{name: "nor for a mode that isn't there", missing: true, opts: session.CreateOptions{AgentMode: "dance"}, kind: universal.KindModeNotSupported},
		{name: "the mock has no versions", missing: true, opts: session.CreateOptions{Agent: "mock", AgentVersion: "2.0.0"},
			kind: universal.KindAgentNotInstalled, says: "part of the bridge"},
		{name: "nor where nothing is installed", opts: session.CreateOptions{Agent: "mock", AgentVersion: "2.0.0"},
			kind: universal.KindAgentNotInstalled, says: "part of the bridge"},
		{name: "but its own", opts: session.CreateOptions{Agent: "mock", AgentVersion: "builtin"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shop, m := newShop(t, tt.there, session.ManagerOptions{InstallMissing: tt.missing})
			if tt.opts.Agent == "" {
				tt.opts.Agent = "amp"
			}
			_, err := m.Create(t.Context(), tt.opts)
			checkRefusal(t, err, tt.kind, tt.says)
			if diff := cmp.Diff(tt.installed, shop.requests); diff != "" {
				t.Errorf("installed (-want +got):\n%s", diff)
			}
			if left := len(m.List()); err != nil && left > 0 {
				t.Errorf("%d sessions are left", left)
			}
		})
	}
}

// An install that fails, or that doesn't help, is the answer to the create.
func TestCreateTellsWhyNothingWasInstalled(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(*shop)
		says    string
	}{
		"failed":  {func(s *shop) { s.fails = universal.Errorf(universal.KindInstallFailed, "no network") }, "no network"},
		"useless": {func(s *shop) { s.stays = "0.5.0" }, "can't be used: version 1.0.0 is asked for, and 0.5.0 is there"},
	} {
		t.Run(name, func(t *testing.T) {
			shop, m := newShop(t, "", session.ManagerOptions{InstallMissing: true})
			tt.prepare(shop)
			_, err := m.Create(t.Context(), session.CreateOptions{Agent: "amp"})
			checkRefusal(t, err, universal.KindInstallFailed, tt.says)
		})
	}
}

func TestInstall(t *testing.T) {
	tests := []struct {
		name      string
		there     string
		agent     string // amp if empty
		opts      session.InstallOptions
		installed []string
		kind      universal.ErrorKind
	}{
		{name: "missing", installed: []string{""}},
		{name: "there", there: "0.5.0"},
		{name: "there, again", there: "0.5.0", opts: session.InstallOptions{Reinstall: true}, installed: []string{" again"}},
		{name: "the version is there", there: "0.5.0", opts: session.InstallOptions{Version: "0.5.0"}},
		{name: "another version", there: "0.5.0", opts: session.InstallOptions{Version: "2.0.0"}, installed: []string{"2.0.0"}},
		{name: "no version", opts: session.InstallOptions{Version: "a b"}, kind: universal.KindInvalidRequest},
		{name: "unknown agent", agent: "nobody", kind: universal.KindUnsupportedAgent},
		{name: "built in", agent: "mock"},
		{name: "built in, again", agent: "mock", opts: session.InstallOptions{Reinstall: true}},
		{name: "built in, another version", agent: "mock", opts: session.InstallOptions{Version: "2.0.0"}, kind: universal.KindAgentNotInstalled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			told := 0
			shop, m := newShop(t, tt.there, session.ManagerOptions{Installing: func(agent string, p install.Progress) {
				if agent == "amp" && p.Step == install.Over {
					told++
				}
			}})
			if tt.agent == "" {
				tt.agent = "amp"
			}
			checkRefusal(t, m.Install(t.Context(), tt.agent, tt.opts), tt.kind, "")
			if diff := cmp.Diff(tt.installed, shop.requests); diff != "" || told != len(tt.installed) {
				t.Errorf("told %d times; installed (-want +got):\n%s", told, diff)
			}
		})
	}
}

// A bridge without an installer says so.
func TestInstallWithoutInstaller(t *testing.T) {
	shop := &shop{Driver: mock.New(mock.Options{})}
	m := newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{shop}, InstallMissing: true})
	for name, err := range map[string]error{
		"install": m.Install(t.Context(), "amp", session.InstallOptions{}),
		"create": func() error {
			_, err := m.Create(t.Context(), session.CreateOptions{Agent: "amp"})
			return err
		}(),
	} {
		if universal.KindOf(err) != universal.KindAgentNotInstalled {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// checkRefusal holds an error to its kind, "" for none, and to what it says.
func checkRefusal(t *testing.T, err error, kind universal.ErrorKind, says string) {
	t.Helper()
	if kind == "" {
		if err != nil {
			t.Errorf("error %v", err)
		}
		return
	}
	var e *universal.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("error %v, want one of kind %s", err, kind)
	}
	message, _ := e.Details["message"].(string)
	if !strings.Contains(e.Detail+": "+message, says) {
		t.Errorf("error %s: %s; want %q", e.Detail, message, says)
	}
}
