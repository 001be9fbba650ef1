//go:build unix

package install

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// npmText is what npm leaves in place of a program without install scripts.
const npmText = "echo run the install script first\n"

// nodeScript is a launcher or a bundle that Node runs.
const nodeScript = "#!/usr/bin/env node\n"

// The packages as npm, pnpm and bun put them on disk, and what is to be run.
func TestLauncherStandsForTheNativeProgram(t *testing.T) {
	packageOf := func(p Program) (folder, executable string) {
		_, pkg, ok := p.Packages.For(Host())
		if !ok {
			t.Fatalf("%s is not published for %s", p.Agent, Host())
		}
		return p.folder(pkg), pkg.Executable
	}
	codexFolder, codexProgram := packageOf(Codex())
	opencodeFolder, opencodeProgram := packageOf(OpenCode())
	claudeFolder, claudeProgram := packageOf(Claude())
	type file struct{ path, text string }
	tests := []struct {
		name    string
		program Program
		files   []file
		links   [][2]string // from, to
		start   string
		want    string // "" for an error
		problem string
	}{
		{
			name: "codex, hoisted, through a link", program: Codex(),
			files: []file{
				{"m/node_modules/@openai/codex/bin/codex.js", nodeScript},
				{"m/node_modules/" + codexFolder + "/" + codexProgram, executable},
			},
			links: [][2]string{{"m/node_modules/.bin/codex", "../@openai/codex/bin/codex.js"}},
			start: "m/node_modules/.bin/codex",
			want:  "m/node_modules/" + codexFolder + "/" + codexProgram,
		},
		{
			name: "codex, nested, globally", program: Codex(),
			files: []file{
				{"lib/node_modules/@openai/codex/bin/codex.js", nodeScript},
				{"lib/node_modules/@openai/codex/node_modules/" + codexFolder + "/" + codexProgram, executable},
			},
			links: [][2]string{{"bin/codex", "../lib/node_modules/@openai/codex/bin/codex.js"}},
			start: "bin/codex",
			want:  "lib/node_modules/@openai/codex/node_modules/" + codexFolder + "/" + codexProgram,
		},
		{
			name: "codex without its optional dependency", program: Codex(),
			files: []file{{"m/node_modules/@openai/codex/bin/codex.js", nodeScript}},
			start: "m/node_modules/@openai/codex/bin/codex.js", problem: "launcher of the package @openai/codex",
		},
		{
			name: "somebody's own wrapper", program: Codex(),
			files: []file{{"bin/codex", "#!/bin/sh\nexec /somewhere/codex\n"}},
			start: "bin/codex", want: "bin/codex",
		},
		{
			name: "opencode without install scripts", program: OpenCode(),
			files: []file{
				{"m/node_modules/opencode-ai/bin/opencode.exe", npmText},
				{"m/node_modules/" + opencodeFolder + "/" + opencodeProgram, executable},
			},
			links: [][2]string{{"m/node_modules/.bin/opencode", "../opencode-ai/bin/opencode.exe"}},
			start: "m/node_modules/.bin/opencode",
			want:  "m/node_modules/" + opencodeFolder + "/" + opencodeProgram,
		},
		{
			name: "opencode with install scripts", program: OpenCode(),
			files: []file{{"m/node_modules/opencode-ai/bin/opencode.exe", executable}},
			start: "m/node_modules/opencode-ai/bin/opencode.exe",
			want:  "m/node_modules/opencode-ai/bin/opencode.exe",
		},
		{
			name: "claude, by pnpm in a project", program: Claude(),
			files: []file{
				{"m/node_modules/.bin/claude", "#!/bin/sh\nexec node \"$basedir/../@anthropic-ai/claude-code/bin/claude.exe\"\n"},
				{"m/node_modules/.pnpm/c/node_modules/@anthropic-ai/claude-code/bin/claude.exe", npmText},
				{"m/node_modules/.pnpm/c/node_modules/" + claudeFolder + "/" + claudeProgram, executable},
			},
			links: [][2]string{{"m/node_modules/@anthropic-ai/claude-code", "../.pnpm/c/node_modules/@anthropic-ai/claude-code"}},
			start: "m/node_modules/.bin/claude",
			want:  "m/node_modules/.pnpm/c/node_modules/" + claudeFolder + "/" + claudeProgram,
		},
		{
			name: "claude, by pnpm globally", program: Claude(),
			files: []file{
				{"pnpm/claude", "#!/bin/sh\nexec node \"$basedir/global/5/…\"\n"},
				{"pnpm/global/5/node_modules/@anthropic-ai/claude-code/bin/claude.exe", npmText},
				{"pnpm/global/5/node_modules/" + claudeFolder + "/" + claudeProgram, executable},
			},
			start: "pnpm/claude",
			want:  "pnpm/global/5/node_modules/" + claudeFolder + "/" + claudeProgram,
		},
		{
			name: "amp's old bundle", program: Amp(),
			files: []file{{"m/node_modules/@sourcegraph/amp/dist/main.js", nodeScript}},
			links: [][2]string{{"m/node_modules/.bin/amp", "../@sourcegraph/amp/dist/main.js"}},
			start: "m/node_modules/.bin/amp", want: "m/node_modules/.bin/amp",
		},
		{
			name: "amp's stub alone", program: Amp(),
			files: []file{{"m/node_modules/@ampcode/cli/bin/amp.exe", npmText}},
			start: "m/node_modules/@ampcode/cli/bin/amp.exe", problem: "launcher of the package @ampcode/cli",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			for _, f := range tt.files {
				write(t, f.text, 0o755, root, filepath.FromSlash(f.path))
			}
			for _, link := range tt.links {
				at := filepath.Join(root, filepath.FromSlash(link[0]))
				if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(filepath.FromSlash(link[1]), at); err != nil {
					t.Fatal(err)
				}
			}
			got, err := Locate(tt.program, getenv(map[string]string{tt.program.Variable: filepath.Join(root, filepath.FromSlash(tt.start))}))
			if tt.want == "" {
				if err == nil || !strings.Contains(hintOf(t, err), tt.problem) {
					t.Fatalf("located %q, %v; want the problem %q", got, err, tt.problem)
				}
				return
			}
			if err != nil || !sameFile(t, got, filepath.Join(root, filepath.FromSlash(tt.want))) {
				t.Errorf("located %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}
