package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/fixtures/capabilities"
)

// Every agent that the program drives has its flags in the README's matrix, and
// proofs of them.
func TestEveryAgentHasProofs(t *testing.T) {
	var driven, proven []string
	for _, d := range agentDrivers(nil, bridgeOptions{}) {
		driven = append(driven, d.Info().ID)
	}
	for _, agent := range capabilities.Agents() {
		proven = append(proven, agent.ID)
	}
	if diff := cmp.Diff(driven, proven); diff != "" {
		t.Errorf("agents (-driven +proven):\n%s", diff)
	}
}
