package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc"
)

// chooseAgent finds the agent for a person who named none: the first real one
// that is installed and logged in, else the mock. note says why the mock.
func chooseAgent(ctx context.Context, client *rpc.Client) (agent, note string, err error) {
	var list rpc.AgentsResult
	if err := client.Call(ctx, "agents/list", nil, &list); err != nil {
		return "", "", err
	}
	var strangers []string // installed, but without a login
	for _, a := range list.Agents {
		switch {
		case a.ID == mock.ID || !a.Installed:
		case a.CredentialsAvailable:
			return a.ID, "", nil
		default:
			strangers = append(strangers, fmt.Sprintf("%s is installed, but no login was found (%s)", a.Name, a.Login))
		}
	}
	note = "no agent is installed"
	if len(strangers) > 0 {
		note = strings.Join(strangers, "; ")
	}
	return mock.ID, note + "; using the mock agent, which only pretends; see sandbox-agent doctor", nil
}
