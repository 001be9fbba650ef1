package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
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

// tokenVariable names the environment variable that may hold the token, so
// that it need not be on a command line that everybody can read.
const tokenVariable = "SANDBOX_AGENT_TOKEN"

func serverCommand() *cli.Command {
	return &cli.Command{
		Name:  "server",
		Usage: "serve the methods as HTTP under /v1, with events as server-sent events",
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
			&cli.BoolFlag{Name: "install-missing", Value: true, Usage: "install the agent of a new session if it is missing"},
			idleTimeoutFlag(), mockPaceFlag(),
			&cli.StringFlag{Name: "log-level", Value: "info", Usage: "log on stderr from this `LEVEL` on: debug, info, warn or error"},
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
	address string // host and port
	handler httpbridge.Options
	warning string // about the settings, for the log
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
	host, port := cmd.String("host"), cmd.Int("port")
	if port < 0 || port > 65535 {
		return serverOptions{}, usagef(cmd, "--port %d is not between 0 and 65535", port)
	}
	out, err := logWriter(cmd.Root().Writer, cmd.Root().ErrWriter, os.Getenv, time.Now)
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
			CORS: httpbridge.CORS{
				Origins: cmd.StringSlice("cors-allow-origin"), Methods: cmd.StringSlice("cors-allow-method"),
				Headers: cmd.StringSlice("cors-allow-header"), Credentials: cmd.Bool("cors-allow-credentials"),
			},
			Access: accessLogger(log), AccessHeaders: os.Getenv("SANDBOX_AGENT_LOG_HTTP_HEADERS") != "",
		},
	}
	if token != "" {
		return opts, nil
	}
	if isLoopback(host) {
		opts.handler.Names = append([]string{}, cmd.StringSlice("allow-host")...)
		return opts, nil
	}
	if !cmd.Bool("no-token") {
		return serverOptions{}, usagef(cmd, "--host %s can be reached by others: give a token with --token, --token-file or %s, or let everybody in with --no-token", host, tokenVariable)
	}
	opts.warning = "everybody who reaches this address can run commands here: there is no token"
	return opts, nil
}

// serverToken is the token that clients have to show; "" if there is none.
func serverToken(cmd *cli.Command) (string, error) {
	given, file := cmd.String("token"), cmd.String("token-file")
	switch {
	case cmd.Bool("no-token") && (given != "" || file != ""):
		return "", usagef(cmd, "--no-token contradicts the token that is given")
	case cmd.Bool("no-token"):
		return "", nil
	case given != "" && file != "":
		return "", usagef(cmd, "--token and --token-file are both given; leave one out")
	case given != "":
		return given, nil
	case file == "":
		return os.Getenv(tokenVariable), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("read the token: %s is empty", file)
	}
	return token, nil
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

// serveHTTP serves until a signal comes.
func serveHTTP(ctx context.Context, opts serverOptions) error {
	ctx, stop := endBySignals(ctx)
	defer stop()
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
	if opts.warning != "" {
		opts.log.Warn(opts.warning)
	}
	opts.log.Info("listening", "url", "http://"+listener.Addr().String(), "token", opts.handler.Token != "")
	err = httpbridge.Serve(ctx, listener, httpbridge.NewHandler(opts.handler), opts.log, b.endSessions)
	return errors.Join(err, b.close())
}

// endSessions ends all sessions, so that whoever reads them sees it.
func (b *bridge) endSessions() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := b.sessions.Close(ctx); err != nil {
		b.log.Error("server: not all sessions could be ended", "error", err)
	}
}
