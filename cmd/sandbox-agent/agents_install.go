package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
)

func installMissingFlag() cli.Flag {
	return &cli.BoolFlag{Name: "install-missing", Usage: "install an agent that a new session needs and that is missing, or not there in its version"}
}

// installAgentCommand is "agents install" by the name that scripts know.
func installAgentCommand() *cli.Command {
	cmd := agentsInstallCommand()
	cmd.Name = "install-agent"
	return cmd
}

func agentsInstallCommand() *cli.Command {
	return &cli.Command{
		Name:      "install",
		Usage:     "install an agent",
		ArgsUsage: "AGENT",
		Description: "Fetches the agent's program from the npm registry that npm's configuration\n" +
			"names, checks it and puts it into the data directory, where it goes before\n" +
			"those in the PATH. Node is not needed for that. An agent that is there already\n" +
			"is left as it is, unless another version or a reinstall is asked for.\n\n" + exitCodes,
		Flags: []cli.Flag{
			agentVersionFlag(),
			&cli.BoolFlag{Name: "reinstall", Aliases: []string{"r"}, Usage: "fetch it once more although it is there"},
			jsonFlag(), answerFlag(),
			logLevelFlag(),
		},
		Action: installAction,
	}
}

func agentVersionFlag() cli.Flag {
	return &cli.StringFlag{Name: "agent-version", Aliases: []string{"A"}, Usage: "the `VERSION` to install, or a name such as latest (default: the one that was tested)"}
}

func installAction(ctx context.Context, cmd *cli.Command) error {
	agent, err := agentArgument(cmd)
	if err != nil {
		return err
	}
	asJSON, err := wantsJSON(cmd)
	if err != nil {
		return err
	}
	root := cmd.Root()
	opts := bridgeOptions{installing: newInstallProgress(root.ErrWriter).report}
	return withBridge(ctx, cmd, opts, func(ctx context.Context, client *rpc.Client) error {
		err := client.Call(ctx, "agents/install", rpc.InstallParams{
			Agent:          agent,
			InstallOptions: session.InstallOptions{Version: cmd.String("agent-version"), Reinstall: cmd.Bool("reinstall")},
		}, nil)
		if err != nil {
			return err
		}
		list, err := askAgents(ctx, cmd, client)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list.Agents, func(a rpc.AgentInfo) bool { return a.ID == agent })
		if asJSON {
			return printJSON(root.Writer, list.Agents[i])
		}
		return writeAgents(root.Writer, rpc.AgentsResult{Agents: list.Agents[i : i+1]})
	})
}

// installProgress shows a person how far an install is: at a terminal as one
// line that changes, elsewhere as a line for each step.
type installProgress struct {
	w      io.Writer
	moving bool // a terminal, whose line can be written again

	mu    sync.Mutex
	step  install.Step
	shown time.Time
	open  bool // a line that changes is on the screen
}

func newInstallProgress(w io.Writer) *installProgress {
	return &installProgress{w: w, moving: isTerminal(w)}
}

// redraw is the time between two states of a line that changes.
const redraw = 100 * time.Millisecond

func (p *installProgress) report(agent string, at install.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh := at.Step != p.step
	if !fresh && (!p.moving || time.Since(p.shown) < redraw) {
		return
	}
	p.step, p.shown = at.Step, time.Now()
	text := agent + ": "
	switch at.Step {
	case install.Waiting:
		text += "waiting for another process that installs it"
	case install.Downloading:
		text += "downloading " + at.Package + amount(at)
	case install.Unpacking:
		text += "unpacking " + at.Package
	default: // it is over
		if p.open {
			fmt.Fprint(p.w, "\r\x1b[K")
			p.open = false
		}
		return
	}
	if p.moving {
		fmt.Fprint(p.w, "\r\x1b[K"+text)
		p.open = true
	} else {
		fmt.Fprintln(p.w, text)
	}
}

// amount is how much has come, in megabytes.
func amount(at install.Progress) string {
	const mega = 1e6
	switch {
	case at.Done == 0:
		return ""
	case at.Total > 0:
		return fmt.Sprintf(" %d%% of %.0f MB", at.Done*100/at.Total, float64(at.Total)/mega)
	}
	return fmt.Sprintf(" %.0f MB", float64(at.Done)/mega)
}
