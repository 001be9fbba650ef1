package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/httpbridge"
)

const (
	defaultHost = "127.0.0.1"
	defaultPort = 2468
)

func serverCommand() *cli.Command {
	return &cli.Command{
		Name:  "server",
		Usage: "serve the methods as HTTP under /v1, with events as server-sent events",
		Description: `Ends in order at Ctrl-C, SIGTERM or when its terminal goes; a second signal ends
it at once.

Environment:
   SANDBOX_AGENT_TOKEN             the token that clients have to show
   SANDBOX_AGENT_DATA_DIR          where agents are installed
   SANDBOX_AGENT_<AGENT>_PATH      an agent's program, such as SANDBOX_AGENT_CLAUDE_PATH
   SANDBOX_AGENT_LOG_STDOUT        anything: log on stdout instead of stderr
   SANDBOX_AGENT_LOG_DIR           log into a file for each day in this directory,
                                   of which those of a week are kept
   SANDBOX_AGENT_LOG_HTTP          0 or false: do not log requests
   SANDBOX_AGENT_LOG_HTTP_HEADERS  anything: log their headers as well, without secrets

` + exitCodes,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "host", Aliases: []string{"H"}, Value: defaultHost, Usage: "listen on this `ADDRESS`"},
			&cli.IntFlag{Name: "port", Aliases: []string{"p"}, Value: defaultPort, Usage: "listen on this `PORT`; 0 takes a free one"},
			&cli.StringFlag{Name: "token", Aliases: []string{"t"}, Usage: "let in only who shows this `TOKEN`; " + tokenVariable + " does the same"},
			&cli.StringFlag{Name: "token-file", Usage: "take the token from this `FILE`"},
			&cli.BoolFlag{Name: "no-token", Aliases: []string{"n"}, Usage: "let everybody in, also on an address that others can reach"},
			&cli.StringSliceFlag{Name: "allow-host", Usage: "answer, without a token, to this `NAME` as well; may be repeated"},
			&cli.StringSliceFlag{Name: "cors-allow-origin", Aliases: []string{"O"}, Usage: "let pages of this `ORIGIN` in; may be repeated"},
			&cli.StringSliceFlag{Name: "cors-allow-method", Aliases: []string{"M"}, Usage: "`METHOD` that pages may use (default: all); may be repeated"},
			&cli.StringSliceFlag{Name: "cors-allow-header", Aliases: []string{"A"}, Usage: "`HEADER` that pages may send (default: all); may be repeated"},
			&cli.BoolFlag{Name: "cors-allow-credentials", Aliases: []string{"C"}, Usage: "let pages send cookies and logins"},
			&cli.BoolFlag{Name: "no-telemetry", Usage: "does nothing: there is no telemetry"},
			&cli.BoolFlag{Name: "install-missing", Value: true, Usage: "install the agent of a new session if it is missing (default: true; =false leaves it missing)"},
			&cli.BoolFlag{Name: "end-with-stdin", Usage: "end when stdin ends, as it does with the program that holds its other end"},
			idleTimeoutFlag(), mockPaceFlag(),
			&cli.StringFlag{Name: "log-level", Value: "info", Usage: "log on stderr from this `LEVEL` on: debug, info, warn or error"},
			&cli.StringFlag{Name: "log-file", Usage: "log into this `FILE` instead, which keeps its last 16 MiB, and those before in FILE.1"},
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			opts, err := serverOptionsOf(cmd)
			if err != nil {
				return err
			}
			return serveHTTP(ctx, opts)
		},
	}
}

// serverOptions are the launch settings of the server.
type serverOptions struct {
	bridgeOptions
	address  string // host and port
	handler  httpbridge.Options
	warnings []string  // about the settings, for the log
	owner    io.Reader // the server ends when this does; nil for one that has no owner
}

func serverOptionsOf(cmd *cli.Command) (serverOptions, error) {
	level, err := logLevel(cmd)
	if err != nil {
		return serverOptions{}, err
	}
	token, err := serverToken(cmd)
	if err != nil {
		return serverOptions{}, err
	}
	host, port := plainHost(cmd.String("host")), cmd.Int("port")
	if port < 0 || port > 65535 {
		return serverOptions{}, usagef(cmd, "--port %d is not between 0 and 65535", port)
	}
	cors, err := corsOf(cmd)
	if err != nil {
		return serverOptions{}, err
	}
	names, err := allowedNames(cmd)
	if err != nil {
		return serverOptions{}, err
	}
	out, err := logWriter(cmd.String("log-file"), cmd.Root().Writer, cmd.Root().ErrWriter, os.Getenv, time.Now)
	if err != nil {
		return serverOptions{}, err
	}
	log := newLogger(out, level)
	opts := serverOptions{
		bridgeOptions: bridgeOptions{
			idleTimeout: cmd.Duration("idle-timeout"), mockPace: cmd.Duration("mock-pace"),
			installMissing: cmd.Bool("install-missing"), log: log,
		},
		address: net.JoinHostPort(host, strconv.Itoa(port)),
		handler: httpbridge.Options{
			Version: version, Logger: log, Token: token,
			CORS:   cors,
			Access: accessLogger(log), AccessHeaders: os.Getenv("SANDBOX_AGENT_LOG_HTTP_HEADERS") != "",
		},
		warnings: corsWarnings(cors),
	}
	if cmd.Bool("end-with-stdin") {
		opts.owner = cmd.Root().Reader
	}
	if token != "" {
		return opts, nil
	}
	if isLoopback(host) {
		opts.handler.Names = names
		if slices.Contains(cors.Origins, "*") {
			opts.warnings = append(opts.warnings, "every page that a browser on this machine shows can run commands here: all origins are allowed, and there is no token")
		}
		return opts, nil
	}
	if !cmd.Bool("no-token") {
		return serverOptions{}, usagef(cmd, "--host %s can be reached by others: give a token with --token, --token-file or %s, or let everybody in with --no-token", host, tokenVariable)
	}
	opts.warnings = append(opts.warnings, "everybody who reaches this address can run commands here: there is no token")
	return opts, nil
}

// plainHost takes off the brackets that an IPv6 address has in a URL.
func plainHost(host string) string {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			return inner
		}
	}
	return host
}

// isLoopback tells whether only this machine reaches a host.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// accessLogger logs requests unless the environment says otherwise.
func accessLogger(log *slog.Logger) *slog.Logger {
	switch strings.ToLower(os.Getenv("SANDBOX_AGENT_LOG_HTTP")) {
	case "0", "false":
		return nil
	default:
		return log
	}
}

// serveHTTP serves until a signal comes or its owner goes.
func serveHTTP(ctx context.Context, opts serverOptions) error {
	ctx, stop := endBySignals(ctx)
	defer stop()
	if opts.owner != nil {
		var cancel context.CancelFunc
		ctx, cancel = endWith(ctx, opts.owner)
		defer cancel()
	}
	// The address first: without it nothing is started.
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", opts.address)
	if err != nil {
		return fmt.Errorf("listen: %w; choose another address with --host and --port", err)
	}
	b, err := newBridge(opts.bridgeOptions)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	opts.handler.Server = b.server
	for _, warning := range opts.warnings {
		opts.log.Warn(warning)
	}
	opts.log.Info("listening", "url", "http://"+listener.Addr().String(), "token", opts.handler.Token != "")
	err = httpbridge.Serve(ctx, listener, httpbridge.NewHandler(opts.handler), opts.log, b.endSessions)
	return errors.Join(err, b.close())
}

// endWith makes a context that ends when nothing more comes from owner.
func endWith(ctx context.Context, owner io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	// Ends with the owner, or with this process: nothing else ends a read of stdin.
	go func() {
		_, _ = io.Copy(io.Discard, owner) // how it ended is all the same
		cancel()
	}()
	return ctx, cancel
}

// endSessions ends all sessions, so that whoever reads them sees it.
func (b *bridge) endSessions() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := b.sessions.Close(ctx); err != nil {
		b.log.Error("server: not all sessions could be ended", "error", err)
	}
}
