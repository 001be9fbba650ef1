//go:build unix

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/rpc"
)

// fakeClaude tells its version and does nothing else.
const fakeClaude = "#!/bin/sh\ncase $1 in --version) echo '9.9.9 (Claude Code)';; *) echo 'only a script' >&2; exit 3;; esac\n"

// newRegistry is an npm registry that has one version of Claude Code, which is
// a script, for this machine.
func newRegistry(t *testing.T) (address string) {
	t.Helper()
	claude := install.Claude()
	_, pkg, ok := claude.Packages.For(install.Host())
	if !ok {
		t.Fatalf("Claude Code is not published for %s", install.Host())
	}
	var tarball bytes.Buffer
	zw := gzip.NewWriter(&tarball)
	tw := tar.NewWriter(zw)
	err := tw.WriteHeader(&tar.Header{Name: "package/" + pkg.Executable, Mode: 0o755, Size: int64(len(fakeClaude))})
	if err == nil {
		_, err = tw.Write([]byte(fakeClaude))
	}
	if err := errors.Join(err, tw.Close(), zw.Close()); err != nil {
		t.Fatal(err)
	}
	digest := sha512.Sum512(tarball.Bytes())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimPrefix(r.URL.Path, "/") {
		case claude.Launchers[0], pkg.Name:
			_ = json.NewEncoder(w).Encode(map[string]any{
				"dist-tags": map[string]string{"latest": "9.9.9"},
				"versions": map[string]any{"9.9.9": map[string]any{"dist": map[string]string{
					"tarball":   "http://" + r.Host + "/claude.tgz",
					"integrity": "sha512-" + base64.StdEncoding.EncodeToString(digest[:]),
				}}},
			})
		case "claude.tgz":
			_, _ = w.Write(tarball.Bytes())
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// user is somebody with an empty home and nothing in the PATH.
type user struct {
	t   *testing.T
	env []string
}

func newUser(t *testing.T, registry string) *user {
	t.Helper()
	home := t.TempDir()
	return &user{t, []string{
		"HOME=" + home, "PATH=" + t.TempDir(), "TMPDIR=" + t.TempDir(),
		install.DataDirVariable + "=" + filepath.Join(home, "data"), "npm_config_registry=" + registry,
	}}
}

// runs runs the program, which has to exit with a code.
func (u *user) runs(code int, args ...string) (stdout, stderr string) {
	u.t.Helper()
	cmd := program(u.t, args...)
	cmd.Env = append([]string{asProgram + "=1", "GORACE=atexit_sleep_ms=10"}, u.env...)
	cmd.Dir = u.t.TempDir()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	got := 0
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		u.t.Fatal(err)
	}
	if got != code {
		u.t.Fatalf("%q exited with %d, want %d:\n%s%s", args, got, code, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

// wants checks that a text has all of these.
func wants(t *testing.T, text string, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestInstallAgent(t *testing.T) {
	u := newUser(t, newRegistry(t))
	stdout, stderr := u.runs(0, "install-agent", "claude", "--agent-version", "latest")
	wants(t, stdout, "claude", "9.9.9", filepath.Join("data", "agents", "claude"))
	wants(t, stderr, "claude: downloading @anthropic-ai/claude-code-", "claude: unpacking ")
	if strings.ContainsAny(stderr, "\r\x1b") {
		t.Errorf("progress for a terminal, where there is none: %q", stderr)
	}

	// There it stays.
	if _, stderr := u.runs(0, "install-agent", "claude"); stderr != "" {
		t.Errorf("installing what is there said %q", stderr)
	}
	_, stderr = u.runs(0, "agents", "install", "claude", "-r", "-A", "9.9.9", "--json")
	wants(t, stderr, "claude: downloading ")
	var list rpc.AgentsResult
	stdout, _ = u.runs(0, "agents", "list", "--json")
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || len(list.Agents) == 0 {
		t.Fatalf("agents list: %v:\n%s", err, stdout)
	}
	if claude := list.Agents[0]; claude.ID != "claude" || !claude.Installed || claude.Version != "9.9.9" {
		t.Errorf("listed %+v", claude)
	}
	stdout, _ = u.runs(0, "doctor")
	wants(t, stdout, "installed: 9.9.9", "tested:", "with "+install.Claude().Version, "npm registry: http://127.0.0.1:")
}

func TestInstallAgentFails(t *testing.T) {
	registry := newRegistry(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	tests := []struct {
		name     string
		registry string
		args     []string
		code     int
		says     []string
	}{
		{"offline", closed.URL, []string{"install-agent", "claude"}, 1, []string{"install failed: claude", "check the network"}},
		{"unknown version", registry, []string{"install-agent", "claude", "-A", "1.2.3"}, 1, []string{"install failed: claude", "has no such version", "9.9.9 as its latest"}},
		{"no version", registry, []string{"install-agent", "claude", "-A", "1/2"}, 2, []string{"give a version"}},
		{"unknown agent", registry, []string{"install-agent", "nobody"}, 2, []string{"unsupported agent: nobody", "claude"}},
		{"no agent", registry, []string{"install-agent"}, 2, []string{"say which agent"}},
		{"two agents", registry, []string{"agents", "install", "claude", "codex"}, 2, []string{`unexpected argument "codex"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t, tt.registry)
			stdout, stderr := u.runs(tt.code, tt.args...)
			wants(t, stderr, tt.says...)
			if stdout != "" {
				t.Errorf("stdout %q", stdout)
			}
			if left, err := filepath.Glob(filepath.Join(strings.TrimPrefix(u.env[3], install.DataDirVariable+"="), "agents", "*", "[^.]*")); err != nil || len(left) > 0 {
				t.Errorf("left %v, %v", left, err)
			}
		})
	}
}

// Only who asks for it has an agent installed by a session.
func TestRunInstallsWhatIsMissing(t *testing.T) {
	u := newUser(t, newRegistry(t))
	_, stderr := u.runs(1, "run", "--agent", "claude", "hi")
	wants(t, stderr, "agent not installed: claude", "install-agent claude")
	_, stderr = u.runs(1, "run", "--agent", "claude", "--agent-version", "9.9.9", "hi")
	wants(t, stderr, "agent not installed: claude")
	_, stderr = u.runs(1, "run", "--agent", "claude", "--agent-version", "9.9.9", "--install-missing", "hi")
	wants(t, stderr, "claude: downloading ", "only a script")
}
