package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/fixtures/agents"
)

const clientsDir = "testdata/clients"

// clientModules returns the folder with the libraries of package.json. They
// are installed once for each content of that file, so that a second run
// starts at once.
func clientModules(t *testing.T) string {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join(clientsDir, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	cache := os.Getenv(agents.CacheEnv)
	if cache == "" {
		if cache, err = os.UserCacheDir(); err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(cache, "sandbox-agent")
	}
	final := filepath.Join(cache, "clients", fmt.Sprintf("%x", sha256.Sum256(manifest))[:16])
	modules := filepath.Join(final, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules
	}
	if err := installModules(t.Context(), final, manifest); err != nil {
		t.Fatal(err)
	}
	return modules
}

// installModules makes the folder final complete or not at all, also when
// several do so at once.
func installModules(ctx context.Context, final string, manifest []byte) error {
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return err
	}
	staging, err := os.MkdirTemp(filepath.Dir(final), ".staging-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(staging)
	if err := os.WriteFile(filepath.Join(staging, "package.json"), manifest, 0o644); err != nil {
		return err
	}
	npm := exec.CommandContext(ctx, "npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir = staging
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install (the tests need Node.js and npm): %w\n%s", err, out)
	}
	if err := os.Chmod(staging, 0o755); err != nil {
		return err
	}
	err = os.Rename(staging, final)
	if _, statErr := os.Stat(filepath.Join(final, "node_modules")); statErr == nil {
		return nil // somebody else was faster
	} else if err == nil || errors.Is(err, fs.ErrExist) {
		return statErr
	}
	return err
}

// Clients that others wrote drive a whole session.
func TestClientsOfOthers(t *testing.T) {
	t.Parallel()
	modules := clientModules(t)
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
