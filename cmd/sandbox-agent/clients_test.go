package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/fixtures/nodemodules"
)

const clientsDir = "testdata/clients"

// Clients that others wrote drive a whole session.
func TestClientsOfOthers(t *testing.T) {
	t.Parallel()
	modules, err := nodemodules.Ensure(t.Context(), filepath.Join(clientsDir, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cancelled := map[string]any{"code": float64(codeCancelled), "type": "urn:sandbox-agent:error:request_cancelled"}
	for _, tt := range []struct {
		program   string
		cancelled []any // one for each dialect
	}{
		{"newline.js", []any{cancelled, cancelled}},
		{"vscode.js", []any{cancelled}},
	} {
		t.Run(tt.program, func(t *testing.T) {
			t.Parallel()
			node := exec.CommandContext(t.Context(), "node", filepath.Join(clientsDir, tt.program), self)
			node.Env = append(os.Environ(), asProgram+"=1", "NODE_PATH="+modules)
			var stderr bytes.Buffer
			node.Stderr = &stderr
			out, err := node.Output()
			if err != nil || stderr.Len() > 0 {
				t.Fatalf("%v\n%s", err, stderr.Bytes())
			}
			var got map[string]any
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("verdict %s: %v", out, err)
			}
			want := map[string]any{
				"initialize": map[string]any{
					"protocolVersion": "1", "server": "sandbox-agent", "agents": []any{"claude", "codex", "opencode", "amp", "mock"},
					"maxMessageBytes": float64(64 << 20), "canSend": true,
				},
				"health": map[string]any{"status": "ok"},
				"create": map[string]any{"healthy": true, "sessionId": "s", "nativeSessionId": "mock-s"},
				"echo": map[string]any{
					"stopReason": "end_turn", "said": []any{"Grüße, 世界 😀 \u2028 \"quoted\""},
				},
				"waiting": "waiting",
				"permission": map[string]any{
					"options": []any{"allow_once", "allow_always", "reject_once"}, "stopReason": "end_turn", "resolved": "accept",
				},
				"question": map[string]any{
					"asked": []any{"Color", "Toppings", "Name", "Password"}, "stopReason": "end_turn",
					"responses": []any{[]any{"Red"}, []any{"Cheese", "Basil"}, []any{"Ada"}, []any{"********"}},
				},
				"interrupt":      map[string]any{},
				"interrupted":    "interrupted",
				"cancelled":      tt.cancelled,
				"afterCancel":    map[string]any{"status": "running", "sameTurn": true},
				"afterInterrupt": []any{"interrupted", "cancelled"},
				"stream": map[string]any{
					"reason": "turn_ended", "others": float64(0),
					"types": []any{
						"turn.started", "item.started", "item.completed",
						"item.started", "item.delta", "item.completed", "turn.ended",
					},
				},
				"unknown":   map[string]any{"code": float64(codeSessionNotFound), "type": "urn:sandbox-agent:error:session_not_found"},
				"ended":     map[string]any{"code": float64(codeSessionEnded), "type": "urn:sandbox-agent:error:session_ended"},
				"shutdown":  map[string]any{},
				"streamEnd": "shutdown",
				"gapless":   true,
				"exit":      float64(exitOK),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}
