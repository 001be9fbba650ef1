package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/drivers/filelock"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
)

const (
	// daemonStartTime is how long a daemon may take until it answers.
	daemonStartTime = 30 * time.Second
	// daemonStopTime is how long it may take to end before it is killed.
	daemonStopTime = 5 * time.Second
	// daemonPoll is how often it is looked whether that has happened.
	daemonPoll = 100 * time.Millisecond
)

func daemonCommand() *cli.Command {
	address := func() []cli.Flag {
		return []cli.Flag{
			&cli.StringFlag{Name: "host", Aliases: []string{"H"}, Value: defaultHost, Usage: "the daemon's `ADDRESS`"},
			&cli.IntFlag{Name: "port", Aliases: []string{"p"}, Value: defaultPort, Usage: "the daemon's `PORT`"},
		}
	}
	return &cli.Command{
		Name:        "daemon",
		Usage:       "run a server in the background",
		Description: "There is one daemon for each address.\n\n" + exitCodes,
		Commands: []*cli.Command{
			{
				Name:  "start",
				Usage: "start the daemon, unless it runs",
				Flags: append(address(),
					&cli.BoolFlag{Name: "upgrade", Usage: "replace a daemon of another version"},
					&cli.StringFlag{Name: "token", Aliases: []string{"t"}, Usage: "let in only who shows this `TOKEN`; " + tokenVariable + " does the same"},
					&cli.BoolFlag{Name: "no-token", Aliases: []string{"n"}, Usage: "let everybody in, also on an address that others can reach"},
				),
				Action: withDaemon(alone(startDaemon)),
			},
			// Scripts for the v0.1 command line give the token to these two as well,
			// which do without.
			{Name: "stop", Usage: "stop the daemon", Flags: append(address(), earlyTokenFlags()...), Action: withDaemon(alone(stopDaemon))},
			{Name: "status", Usage: "tell whether the daemon runs", Flags: append(address(), earlyTokenFlags()...), Action: withDaemon(daemonStatus)},
		},
	}
}

// daemon is the server of one address that runs in the background.
type daemon struct {
	host  string
	port  int
	state string // path of its files, without their endings
}

// daemonRecord is what is written down about a running daemon.
type daemonRecord struct {
	PID int `json:"pid"`
	// Started tells the process from a later one with the same number; "" on
	// systems that don't tell when a process was started.
	Started string `json:"started,omitempty"`
	Version string `json:"version"`
}

// daemonAction does something with a daemon and says what has become of it.
type daemonAction func(ctx context.Context, cmd *cli.Command, d daemon) (answer string, err error)

// withDaemon makes an action of what is done with the daemon that the flags
// name. Its answer goes to stdout.
func withDaemon(do daemonAction) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		data, err := install.DataDir(os.Getenv)
		if err != nil {
			return err
		}
		d := daemon{host: plainHost(cmd.String("host")), port: cmd.Int("port")}
		if d.port < 1 || d.port > 65535 {
			return usagef(cmd, "--port %d is not between 1 and 65535", d.port)
		}
		plain := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				return r
			}
			return '-'
		}, d.host)
		d.state = filepath.Join(data, "daemon", fmt.Sprintf("daemon-%s-%d", plain, d.port))
		answer, err := do(ctx, cmd, d)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.Root().Writer, answer)
		return err
	}
}

// alone does one thing at a time with a daemon, so that of two that start it one
// finds that of the other, and the record is that of the daemon that runs.
func alone(do daemonAction) daemonAction {
	return func(ctx context.Context, cmd *cli.Command, d daemon) (string, error) {
		if err := os.MkdirAll(filepath.Dir(d.state), 0o700); err != nil {
			return "", err
		}
		lock, err := d.lock(ctx)
		if err != nil {
			return "", err
		}
		answer, err := do(ctx, cmd, d)
		return answer, errors.Join(err, lock.Close())
	}
}

// lock waits for others who start or stop the daemon.
func (d daemon) lock(ctx context.Context) (io.Closer, error) {
	ctx, cancel := context.WithTimeout(ctx, daemonStartTime+daemonStopTime)
	defer cancel()
	tick := time.NewTicker(daemonPoll)
	defer tick.Stop()
	for {
		lock, err := filelock.Try(d.state + ".lock")
		if !errors.Is(err, filelock.ErrHeld) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("somebody else starts or stops the daemon, and does not come to an end: %w", err)
		case <-tick.C:
		}
	}
}

func startDaemon(ctx context.Context, cmd *cli.Command, d daemon) (string, error) {
	if cmd.Bool("no-token") && cmd.IsSet("token") {
		return "", usagef(cmd, "--no-token contradicts --token")
	}
	record, ours := d.record()
	switch healthy := d.healthy(ctx); {
	case !ours && !healthy:
		return d.start(ctx, cmd)
	case !ours:
		return "", fmt.Errorf("the server that answers at %s was not started as this user's daemon; choose another --port", d.address())
	case !healthy: // what is known of it has to stay known, or nobody could stop it
		return "", fmt.Errorf("the daemon runs (PID %d) but does not answer at %s; see %s, and end it with daemon stop", record.PID, d.address(), d.logFile())
	case !cmd.Bool("upgrade") || record.Version == version:
		return d.running(record), d.sameToken(ctx, cmd, record)
	}
	if err := d.stop(ctx, record); err != nil {
		return "", err
	}
	return d.start(ctx, cmd)
}

// start runs the server apart from this process and waits until it answers.
func (d daemon) start(ctx context.Context, cmd *cli.Command) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("start the daemon: %w", err)
	}
	log, err := os.OpenFile(d.logFile(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return "", fmt.Errorf("start the daemon: %w", err)
	}
	defer log.Close()
	// What the server can't log, as its own crash, goes into the same file.
	args := []string{"server", "--host", d.host, "--port", strconv.Itoa(d.port), "--log-file", d.logFile()}
	if cmd.Bool("no-token") {
		args = append(args, "--no-token")
	}
	server := exec.Command(self, args...)
	server.Stdout, server.Stderr = log, log
	server.Env = os.Environ()
	if token := cmd.String("token"); token != "" {
		server.Env = append(server.Env, tokenVariable+"="+token) // where others can't read it
	}
	detach(server)
	if err := server.Start(); err != nil {
		return "", fmt.Errorf("start the daemon: %w", err)
	}
	record := daemonRecord{PID: server.Process.Pid, Started: startedAt(server.Process.Pid), Version: version}
	exited := make(chan error, 1)
	go func() { exited <- server.Wait() }() // ends with the server, or with this process
	if err := d.write(record); err != nil {
		return "", errors.Join(err, server.Process.Kill())
	}
	return d.await(ctx, record, server.Process, exited)
}

// await waits until the daemon answers. One that doesn't is ended.
func (d daemon) await(ctx context.Context, record daemonRecord, process *os.Process, exited <-chan error) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, daemonStartTime)
	defer cancel()
	tick := time.NewTicker(daemonPoll)
	defer tick.Stop()
	for {
		select {
		case err := <-exited:
			return "", errors.Join(fmt.Errorf("the daemon ended at once (%v); its log %s ends with:\n%s", err, d.logFile(), d.logTail()), d.forget())
		case <-ctx.Done():
			return "", errors.Join(fmt.Errorf("the daemon did not answer within %v; see %s", daemonStartTime, d.logFile()), process.Kill(), d.forget())
		case <-tick.C:
			if d.healthy(ctx) {
				return d.running(record), nil
			}
		}
	}
}

func stopDaemon(ctx context.Context, _ *cli.Command, d daemon) (string, error) {
	record, ok := d.record()
	if !ok {
		return d.notRunning(ctx), d.forget()
	}
	if err := d.stop(ctx, record); err != nil {
		return "", err
	}
	return "Daemon stopped", nil
}

// stop asks the daemon to end, and kills it if it doesn't in time. It is gone,
// and its address free, when stop returns.
func (d daemon) stop(ctx context.Context, record daemonRecord) error {
	process, err := os.FindProcess(record.PID)
	if err != nil {
		return d.forget()
	}
	for _, end := range []func(*os.Process) error{askToEnd, (*os.Process).Kill} {
		if err := end(process); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop the daemon: %w", err)
		}
		if ended(ctx, record) {
			return d.forget()
		}
	}
	return fmt.Errorf("stop the daemon: PID %d was killed and is still there", record.PID)
}

// ended waits for the process of a record, but not for ever.
func ended(ctx context.Context, record daemonRecord) bool {
	ctx, cancel := context.WithTimeout(ctx, daemonStopTime)
	defer cancel()
	tick := time.NewTicker(daemonPoll)
	defer tick.Stop()
	for alive(record) {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

func daemonStatus(ctx context.Context, _ *cli.Command, d daemon) (string, error) {
	record, ok := d.record()
	switch {
	case !ok:
		return d.notRunning(ctx), nil
	case !d.healthy(ctx):
		return fmt.Sprintf("Daemon does not answer (PID %d, logs: %s)", record.PID, d.logFile()), nil
	default:
		return d.running(record), nil
	}
}

// notRunning also tells of a server that a person may have meant.
func (d daemon) notRunning(ctx context.Context) string {
	if d.healthy(ctx) {
		return fmt.Sprintf("Daemon not running (the server at %s was started in another way)", d.address())
	}
	return "Daemon not running"
}

func (d daemon) running(record daemonRecord) string {
	outdated := ""
	if record.Version != version {
		outdated = ", outdated: daemon start --upgrade replaces it"
	}
	return fmt.Sprintf("Daemon running (PID %d, build %s%s, address %s, logs: %s)", record.PID, record.Version, outdated, d.address(), d.logFile())
}

// address is where a client on this machine reaches the daemon.
func (d daemon) address() string {
	host := d.host
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = defaultHost
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(d.port))
}

// --- its files

func (d daemon) recordFile() string { return d.state + ".json" }
func (d daemon) logFile() string    { return d.state + ".log" }

// record reads what is written about the daemon; ok tells that it still runs.
func (d daemon) record() (record daemonRecord, ok bool) {
	text, err := os.ReadFile(d.recordFile())
	if err != nil || json.Unmarshal(text, &record) != nil || record.PID <= 0 {
		return daemonRecord{}, false
	}
	return record, alive(record)
}

func (d daemon) write(record daemonRecord) error {
	text, err := json.Marshal(record)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.recordFile(), append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("start the daemon: %w", err)
	}
	return nil
}

func (d daemon) forget() error {
	if err := os.Remove(d.recordFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// tailBytes is how much of the log is shown of a daemon that failed.
const tailBytes = 2 << 10

func (d daemon) logTail() string {
	text, err := os.ReadFile(d.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-tailBytes):])
}

// alive tells whether the process of a record still runs.
func alive(record daemonRecord) bool {
	return processRuns(record.PID) && startedAt(record.PID) == record.Started
}
