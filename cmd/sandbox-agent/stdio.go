package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/rpc/stdio"
)

func stdioCommand() *cli.Command {
	return &cli.Command{
		Name:  "stdio",
		Usage: "speak JSON-RPC 2.0 on stdin and stdout to a parent process",
		Flags: []cli.Flag{idleTimeoutFlag(), installMissingFlag(), mockPaceFlag(), logLevelFlag()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			level, err := logLevel(cmd)
			if err != nil {
				return err
			}
			return serveStdio(ctx, bridgeOptions{
				idleTimeout:    cmd.Duration("idle-timeout"),
				installMissing: cmd.Bool("install-missing"),
				mockPace:       cmd.Duration("mock-pace"),
				log:            newLogger(cmd.Root().ErrWriter, level),
			})
		},
	}
}

func idleTimeoutFlag() cli.Flag {
	return &cli.DurationFlag{Name: "idle-timeout", HideDefault: true, Usage: "stop the agent of a session that has been idle for `TIME`; the next message brings it back (default: never)"}
}

func mockPaceFlag() cli.Flag {
	return &cli.DurationFlag{Name: "mock-pace", Usage: "`TIME` between two events of the mock agent; clients of the v0.1 API expect 200ms"}
}

func logLevelFlag() cli.Flag {
	return &cli.StringFlag{Name: "log-level", Value: "warn", Usage: "log on stderr from this `LEVEL` on: debug, info, warn or error"}
}

func logLevel(cmd *cli.Command) (level slog.Level, err error) {
	if err := level.UnmarshalText([]byte(cmd.String("log-level"))); err != nil {
		return level, usageError{fmt.Errorf("--log-level %q is not debug, info, warn or error", cmd.String("log-level"))}
	}
	return level, nil
}

var errSignal = errors.New("ended by a signal")

// serveStdio serves the parent process until it goes, or a signal comes. A
// second signal ends the program at once; its guard sees to the rest.
func serveStdio(ctx context.Context, opts bridgeOptions) error {
	ctx, stop := endBySignals(ctx)
	defer stop()
	b, err := newBridge(opts)
	if err != nil {
		return err
	}
	conn, restore, err := stdio.OpenStdio()
	if err != nil {
		return errors.Join(err, b.close())
	}
	err = b.server.ServeStdio(ctx, conn)
	if errors.Is(err, errSignal) {
		err = nil
	}
	return errors.Join(err, restore(), b.close())
}

// endBySignals makes a context that the first signal ends, with errSignal as
// its cause. stop ends the watch.
func endBySignals(ctx context.Context) (_ context.Context, stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, endSignals()...)
	// A write to a gone parent is to fail instead of ending the program. To
	// ignore the signal would be inherited by the agents and their commands.
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	ctx, cancel := context.WithCancelCause(ctx)
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-over:
				return
			case s := <-signals:
				if n > 0 && impatient(s) {
					os.Exit(exitFailed)
				}
				cancel(errSignal)
			}
		}
	})
	return ctx, func() {
		close(over)
		watch.Wait()
		signal.Stop(signals)
		signal.Stop(pipes)
		cancel(nil)
	}
}
