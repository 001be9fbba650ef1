package main

import (
	"log/slog"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc"
)

// Agents whose sessions share a server tell how it is, and only they.
func TestServerStatusOfAgents(t *testing.T) {
	t.Setenv("SANDBOX_AGENT_DATA_DIR", t.TempDir())
	b, err := newBridge(bridgeOptions{log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	client, served := b.connect(t.Context())
	var list rpc.AgentsResult
	if err := client.Call(t.Context(), "agents/list", nil, &list); err != nil || len(list.Agents) == 0 {
		t.Errorf("agents %+v, %v", list, err)
	}
	for _, a := range list.Agents {
		if a.Capabilities.SharedProcess != (a.ServerStatus != nil) {
			t.Errorf("%s: shares a process: %v, server status %+v", a.ID, a.Capabilities.SharedProcess, a.ServerStatus)
		}
		if a.ServerStatus != nil && (a.ServerStatus.Status != drivers.ServerStopped || a.ServerStatus.RestartCount != 0) {
			t.Errorf("%s: the server that nobody needed is %+v", a.ID, a.ServerStatus)
		}
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := b.close(); err != nil {
		t.Error(err)
	}
}
