package codex

import "testing"

func TestInnerCommand(t *testing.T) {
	for command, want := range map[string]string{
		`/bin/bash -lc 'echo hello'`:              `echo hello`,
		`/bin/bash -lc "env | grep -E 'A|B'; id"`: `env | grep -E 'A|B'; id`,
		`bash -lc 'echo '"'"'quoted'"'"' x'`:      `echo 'quoted' x`,
		`/usr/bin/zsh -c ls`:                      `ls`,
		`/bin/bash -lc ls\ -la`:                   `ls -la`,
		`/bin/bash -lc "a \"b\" \$c \\d \e"`:      `a "b" $c \d \e`,
		`/bin/bash -lc ''`:                        ``,
		`/bin/bash -x script.sh`:                  `/bin/bash -x script.sh`,
		`git status`:                              `git status`,
		`/bin/bash -lc 'not closed`:               `/bin/bash -lc 'not closed`,
		`'C:\Windows\bash.exe' -c 'echo hi'`:      `'C:\Windows\bash.exe' -c 'echo hi'`,
		"/bin/bash -lc 'line one\nline two'":      "line one\nline two",
		`/bin/bash -lc ls extra`:                  `/bin/bash -lc ls extra`,
		``:                                        ``,
	} {
		if got := innerCommand(command); got != want {
			t.Errorf("%q is %q, want %q", command, got, want)
		}
	}
}

// A command that the sandbox ended at once has no item; its raw output tells.
func TestRanCommand(t *testing.T) {
	told := &rawCall{name: commandTool, arguments: `{"cmd":"touch /etc/x"}`}
	p := ranCommand(told, "Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code 1\nOriginal token count: 3\nOutput:\ntouch: no\n")
	if p == nil || p.Command != "touch /etc/x" || p.ExitCode == nil || *p.ExitCode != 1 || p.Output != "touch: no\n" {
		t.Errorf("the command is %+v", p)
	}
	if p := ranCommand(told, "rejected by policy"); p != nil {
		t.Errorf("a command that was not run is %+v", p)
	}
}
