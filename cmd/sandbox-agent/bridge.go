package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/amp"
	"github.com/sandbox-agent/sandbox-agent/drivers/claude"
	"github.com/sandbox-agent/sandbox-agent/drivers/codex"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/drivers/opencode"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/rpc/stdio"
	"github.com/sandbox-agent/sandbox-agent/schema"
)

// bridge is everything that serves a client, wired together.
type bridge struct {
	server     *rpc.Server
	sessions   *session.Manager
	supervisor *process.Supervisor
	store      *eventlog.Store
	log        *slog.Logger
}

// bridgeOptions are the launch settings that commands share.
type bridgeOptions struct {
	idleTimeout time.Duration
	mockPace    time.Duration
	log         *slog.Logger
	// installMissing lets a new session install its agent; installing, if not
	// nil, is told how far that is.
	installMissing bool
	installing     func(agent string, p install.Progress)
}

func newBridge(opts bridgeOptions) (*bridge, error) {
	supervisor, err := process.New(process.Options{Logger: opts.log})
	if err != nil {
		return nil, err
	}
	store, err := eventlog.OpenStore(eventlog.Options{})
	if err != nil {
		return nil, err
	}
	directory, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	sessions, err := session.NewManager(session.ManagerOptions{
		Drivers: agentDrivers(supervisor, opts),
		Store:   store, Logger: opts.log, Directory: directory, IdleTimeout: opts.idleTimeout,
		Installer: install.NewInstaller(os.Environ), InstallMissing: opts.installMissing, Installing: opts.installing,
	})
	if err != nil {
		return nil, err
	}
	server := rpc.NewServer(rpc.ServerOptions{Sessions: sessions, Version: version, Logger: opts.log, Documents: schema.Documents()})
	return &bridge{server: server, sessions: sessions, supervisor: supervisor, store: store, log: opts.log}, nil
}

// agentDrivers are the agents there are, in the order that people see: the
// first that can run is the one that nobody has to name. The mock is last.
func agentDrivers(supervisor *process.Supervisor, opts bridgeOptions) []drivers.Driver {
	return []drivers.Driver{
		claude.New(claude.Options{Supervisor: supervisor, Logger: opts.log, Environ: agentEnvironment}),
		codex.New(codex.Options{Supervisor: supervisor, Logger: opts.log, Environ: agentEnvironment}),
		opencode.New(opencode.Options{Supervisor: supervisor, Logger: opts.log, Environ: agentEnvironment}),
		amp.New(amp.Options{Supervisor: supervisor, Logger: opts.log, Environ: agentEnvironment}),
		mock.New(mock.Options{Pace: opts.mockPace}),
	}
}

// agentEnvironment is what agents inherit: all but the token, with which they
// could give themselves the permissions that they ask for.
func agentEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, tokenVariable+"=")
	})
}

// connect makes a client within this process, which speaks to the bridge as
// every other client does. Closing it ends the bridge's sessions; served tells
// when that is done.
func (b *bridge) connect(ctx context.Context) (client *rpc.Client, served <-chan error) {
	near, far := net.Pipe()
	end := make(chan error, 1)
	go func() { end <- b.server.ServeStdio(ctx, far) }() // ends with the client
	return rpc.NewClient(near, stdio.FramingLine), end
}

// closeTimeout bounds the end of a bridge whose sessions are closed already.
const closeTimeout = 3 * time.Second

// close ends what is left: sessions, processes, files.
func (b *bridge) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return errors.Join(b.sessions.Close(ctx), b.supervisor.Close(ctx), b.store.Close())
}

// newLogger logs to stderr: as text for a person, as JSON for a program.
func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}
