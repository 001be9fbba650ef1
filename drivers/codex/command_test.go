package codex

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

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

// Of the commands that an interrupt cuts, those that ran are told, with what they
// had printed.
func TestCommandsThatAreCut(t *testing.T) {
	c := running(drivers.Settings{})
	command := func(id, command string) string {
		return started(`"type":"commandExecution","id":"` + id + `","command":"` + command + `","cwd":"/project","status":"inProgress"`)
	}
	feed(c, command("ran", "make"), note("item/commandExecution/outputDelta", `"itemId":"ran","delta":"one\n"`), command("waits", "rm x"),
		`{"id":7,"method":"item/commandExecution/requestApproval","params":{"kind":"command","threadId":"root","turnId":"t1","itemId":"waits","command":"rm x","cwd":"/project"}}`)
	var got []string
	for _, ev := range feed(c, `{"method":"turn/completed","params":{"threadId":"root","turn":{"id":"t1","status":"interrupted"}}}`) {
		if ev.Type == universal.TypeItemCompleted {
			got = append(got, shown(&ev))
		}
	}
	want := []string{`item.completed t1/ran:result cancelled "" [{"type":"tool_result","call_id":"t1/ran","output":"one\n[The turn ended before the command did.]","is_error":true},` +
		`{"type":"command","command":"make","cwd":"/project","output":"one\n"}]`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}
