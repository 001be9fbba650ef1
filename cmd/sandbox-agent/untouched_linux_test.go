package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/toolserver"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// tree is what a folder holds: for each name, its mode and a digest of what is
// in it.
type tree map[string]string

func readTree(t *testing.T, root string) tree {
	t.Helper()
	found := tree{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		what := info.Mode().String()
		switch {
		case entry.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			what += " to " + to
		case entry.Type().IsRegular():
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			what += fmt.Sprintf(" %d bytes %x", len(content), sha256.Sum256(content))
		}
		found[filepath.ToSlash(name)] = what
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// without leaves out what an agent keeps for itself, and folders that were
// made for nothing else.
func (now tree) without(kept []agentState, before tree) tree {
	rest := maps.Clone(now)
	for _, k := range kept {
		maps.DeleteFunc(rest, func(name, _ string) bool { return k.has(name) })
	}
	holds := func(files tree, folder string, match func(what string) bool) bool {
		for name, what := range files {
			if strings.HasPrefix(name, folder+"/") && match(what) {
				return true
			}
		}
		return false
	}
	anything := func(string) bool { return true }
	file := func(what string) bool { return !strings.HasPrefix(what, "d") }
	maps.DeleteFunc(rest, func(name, what string) bool {
		_, was := before[name]
		return !was && !file(what) && holds(now, name, anything) && !holds(rest, name, file)
	})
	return rest
}

// has tells whether a file is at the place, or in it.
func (k agentState) has(name string) bool {
	for ; name != "."; name = path.Dir(name) {
		if ok, err := path.Match(k.path, name); ok || err != nil {
			return ok
		}
	}
	return false
}

// userFiles are what people have in their home and in a project for agents of
// all kinds, beside the configuration that makes an agent use the model server.
func userFiles() (home, project map[string]string) {
	skill := "---\nname: tidy\ndescription: Tidies up\n---\nTidy up.\n"
	home = map[string]string{
		".gitconfig":                        "[user]\n\tname = Ada\n\temail = ada@example.com\n",
		".claude/settings.json":             `{"permissions":{"allow":["Bash(ls)"]}}` + "\n",
		".claude/CLAUDE.md":                 "Be kind.\n",
		".claude/commands/greet.md":         "---\ndescription: Says hello\n---\nSay hello.\n",
		".claude/skills/tidy/SKILL.md":      skill,
		".codex/AGENTS.md":                  "Be kind.\n",
		".config/opencode/AGENTS.md":        "Be kind.\n",
		".config/opencode/command/greet.md": "---\ndescription: Says hello\n---\nSay hello.\n",
		".config/amp/settings.json":         `{"amp.notifications.enabled":false}` + "\n",
		".config/amp/AGENTS.md":             "Be kind.\n",
		"notes.txt":                         "Nothing that an agent has to do with.\n",
	}
	project = map[string]string{
		"README.md":                    "# A project\n",
		"main.go":                      "package main\n",
		"AGENTS.md":                    "Tabs, please.\n",
		"CLAUDE.md":                    "Tabs, please.\n",
		".mcp.json":                    `{"mcpServers":{}}` + "\n",
		".claude/settings.json":        `{"permissions":{"deny":["Bash(rm -rf /)"]}}` + "\n",
		".claude/settings.local.json":  `{"permissions":{"allow":["Bash(pwd)"]}}` + "\n",
		".claude/skills/tidy/SKILL.md": skill,
		".codex/config.toml":           "model_reasoning_effort = \"low\"\n",
		".agents/skills/tidy/SKILL.md": skill,
		"opencode.json":                `{"$schema":"https://opencode.ai/config.json"}` + "\n",
		".opencode/command/greet.md":   "---\ndescription: Says hello\n---\nSay hello.\n",
		".amp/settings.json":           `{"amp.git.commit.coauthor.enabled":false}` + "\n",
		".gitignore":                   "bin/\n",
		"bin/tool":                     "#!/bin/sh\n",
	}
	return home, project
}

// plant writes files that are not there yet, each with a mode of its own.
func plant(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for i, name := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(root, filepath.FromSlash(name))
		if _, err := os.Stat(file); err == nil {
			continue // the way to the model server goes before
		}
		if err := errors.Join(
			os.MkdirAll(filepath.Dir(file), 0o755),
			os.WriteFile(file, []byte(files[name]), 0o644),
			os.Chmod(file, []fs.FileMode{0o644, 0o600, 0o664, 0o755}[i%4]),
		); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("notes.txt", filepath.Join(root, "a-link")); err != nil {
		t.Fatal(err)
	}
}

// commit makes a folder a Git repository with all that is in it.
func commit(t *testing.T, dir string) {
	t.Helper()
	for _, args := range [][]string{
		{"init", "--quiet"}, {"add", "--all"},
		{"-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "--message", "Begin"},
	} {
		git := exec.CommandContext(t.Context(), "git", args...)
		git.Dir = dir
		git.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		if out, err := git.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
}

// A session with everything that can be given to it leaves a person's home
// and project as they were, but for what the agent was asked to do there and
// for the agent's own state.
func TestUntouched(t *testing.T) {
	t.Parallel()
	for _, agent := range realAgents() {
		t.Run(agent.id, func(t *testing.T) {
			t.Parallel()
			lab := agent.lab(t)
			home, project, skills := t.TempDir(), t.TempDir(), t.TempDir()
			env := lab.env(home) // may write how to find the model server
			homeFiles, projectFiles := userFiles()
			plant(t, home, homeFiles)
			plant(t, project, projectFiles)
			commit(t, project)
			plant(t, skills, map[string]string{"greeter/SKILL.md": "---\nname: greeter\ndescription: Greets people\n---\nSay hello.\n"})
			homeBefore, projectBefore := readTree(t, home), readTree(t, project)

			func() { // a bridge that has ended when it returns
				client, end := startClient(t, env)
				defer end()
				useEverything(t, client, agent, project, skills)
			}()

			wantTree(t, "home", homeBefore, readTree(t, home), agent.homeState)
			asked := []agentState{{"made.txt", "a command made it"}, {"hello.txt", "the agent was asked to write it"}}
			wantTree(t, "project", projectBefore, readTree(t, project), append(asked, agent.projectState...))
			for _, a := range asked {
				if _, err := os.Stat(filepath.Join(project, a.path)); err != nil {
					t.Errorf("%s, but it isn't there: %v", a.why, err)
				}
			}
		})
	}
}

// wantTree tells what is not as it was.
func wantTree(t *testing.T, what string, before, after tree, kept []agentState) {
	t.Helper()
	before, after = before.without(kept, before), after.without(kept, before)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		switch now, there := after[name]; {
		case !there:
			t.Errorf("%s: %s is gone", what, name)
		case now != before[name]:
			t.Errorf("%s: %s was %s and is %s", what, name, before[name], now)
		}
	}
	isNew := func(name string) bool {
		_, is := after[name]
		_, was := before[name]
		return is && !was
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		holds := slices.ContainsFunc(slices.Collect(maps.Keys(after)), func(other string) bool { return path.Dir(other) == name })
		if isNew(name) && !holds { // a folder is named by what is in it
			t.Errorf("%s: %s is new: %s", what, name, after[name])
		}
	}
}

// useEverything runs a session with a tool server, skills and settings, and
// has it do what agents do.
func useEverything(t *testing.T, client *rpc.Client, agent realAgent, project, skills string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var list rpc.AgentsResult
	if err := client.Call(t.Context(), "agents/list", nil, &list); err != nil {
		t.Fatal(err)
	}
	can := abilities(t, list, agent.id)
	opts := session.CreateOptions{
		Agent: agent.id, Directory: project, Title: "A title", Env: map[string]string{"SOMETHING": "else"},
	}
	if can.SystemPrompt {
		opts.SystemPrompt = "Answer in few words."
	}
	if can.MCPTools {
		opts.MCP = map[string]drivers.MCPServer{"demo": {Type: "local", Command: []string{self}, Env: map[string]string{toolserver.Role: "1"}}}
	}
	if can.Skills {
		opts.Skills = &session.Skills{Sources: []drivers.SkillSource{{Type: "local", Source: skills}}}
	}
	s := begin(t, client, opts)
	s.turn(modelserver.Prompt("text", nil))
	if can.MCPTools {
		s.turn(modelserver.Prompt("mcp", nil), permitAlways())
	}
	s.turn(runs("echo made > made.txt").forModel(), permitAlways())
	s.turn(writes(s.path("hello.txt"), "hello file\n").forModel(), permit())
	s.turn(runs("touch more.txt").forModel(), forbid("Once is enough."))
	if can.Questions {
		s.turn(modelserver.Prompt("ask_one", nil), answerAll())
	}
	if can.ModelSwitch {
		s.update(session.UpdateOptions{Model: agent.models[1]})
	}
	if can.ModeSwitch {
		for _, mode := range drivers.PermissionModes() {
			s.update(session.UpdateOptions{PermissionMode: mode})
		}
	}
	if end := s.turn(modelserver.Prompt("text", nil)); end.StopReason != universal.StopEndTurn {
		t.Errorf("the last turn ended as %s", end.StopReason)
	}
	s.terminate()
}
