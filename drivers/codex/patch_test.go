package codex

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// results are the outputs of the results of tools among events.
func results(events []universal.Event) []string {
	var outputs []string
	for _, ev := range events {
		d, ok := ev.Data.(*universal.ItemData)
		if ok && ev.Type == universal.TypeItemCompleted && d.Item.Kind == universal.KindToolResult {
			outputs = append(outputs, string(d.Item.Status)+": "+d.Item.Content[0].(*universal.ToolResultPart).Output)
		}
	}
	return outputs
}

// Why a patch was not applied is told to the model only, after the patch's end,
// and in raw items, which not every thread has.
func TestFailedPatch(t *testing.T) {
	const (
		call   = `"item":{"type":"custom_tool_call","call_id":"c1","name":"apply_patch","input":"*** Begin Patch"}`
		output = `"item":{"type":"custom_tool_call_output","call_id":"c1","output":"Failed to write file x"}`
		patch  = `"type":"fileChange","id":"c1","changes":[{"path":"/project/x","kind":{"type":"add"},"diff":"y\n"}],`
	)
	raw := func(item string) string { return note("rawResponseItem/completed", item) }
	end := `{"method":"turn/completed","params":{"threadId":"root","turn":{"id":"t1","status":"completed"}}}`
	begin, fail := started(patch+`"status":"inProgress"`), completed(patch+`"status":"failed"`)
	for name, test := range map[string]struct {
		lines []string
		want  string
	}{
		"told":               {[]string{raw(call), begin, fail, raw(output), end}, "failed: Failed to write file x"},
		"told without begin": {[]string{raw(call), fail, raw(output), end}, "failed: Failed to write file x"},
		"never told":         {[]string{raw(call), begin, fail, end}, "failed: The patch was not applied."},
		"resumed thread":     {[]string{begin, fail, end}, "failed: The patch was not applied."},
	} {
		events := feed(running(drivers.Settings{}), test.lines...)
		if diff := cmp.Diff([]string{test.want}, results(events)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if last := events[len(events)-1]; last.Type != universal.TypeTurnEnded {
			t.Errorf("%s: after the turn comes %s", name, last.Type)
		}
	}
}

func TestRealFailedPatch(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("not a directory\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := b.start(t, drivers.Config{Directory: dir, Settings: drivers.Settings{PermissionMode: drivers.PermissionBypass}})
	events, _ := l.turn(modelserver.Prompt("patch_add", modelserver.Input{"path": "file/below"}))
	got := results(events)
	if len(got) != 1 || !strings.HasPrefix(got[0], "failed: ") || !strings.Contains(got[0], "Failed to write file") {
		t.Errorf("the results are %q", got)
	}
}

// A hook of the user's that stops a call says so, and why.
func TestRealHookStopsCall(t *testing.T) {
	b := newBench(t)
	config := filepath.Join(b.home, ".codex", "config.toml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	write := func(more string) {
		if err := os.WriteFile(config, append(text, more...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hook := "\n[[hooks.PreToolUse]]\nmatcher = \"*\"\n[[hooks.PreToolUse.hooks]]\ntype = \"command\"\ncommand = \"echo not today >&2; exit 2\"\n"
	write(hook)
	l := b.start(t, drivers.Config{})
	// Codex runs the hooks that the user has looked at.
	key, hash := hookOf(t, l)
	write(hook + "[hooks.state.\"" + key + "\"]\ntrusted_hash = \"" + hash + "\"\n")

	l = b.start(t, drivers.Config{Env: map[string]string{"ANOTHER": "server"}, Settings: drivers.Settings{PermissionMode: drivers.PermissionBypass}})
	events, _ := l.turn("SCENARIO:bash")
	var told []universal.StatusPart
	for _, ev := range events {
		if d, ok := ev.Data.(*universal.ItemData); ok && d.Item.Kind == universal.KindStatus {
			told = append(told, *d.Item.Content[0].(*universal.StatusPart))
		}
	}
	if diff := cmp.Diff([]universal.StatusPart{{Label: "hook preToolUse: blocked", Detail: "not today"}}, told); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	if got := results(events); len(got) != 1 || !strings.Contains(got[0], "failed: ") || !strings.Contains(got[0], "not today") {
		t.Errorf("the results are %q", got)
	}
}

// hookOf asks for the one hook that there is.
func hookOf(t *testing.T, l *live) (key, hash string) {
	t.Helper()
	result, err := l.Session.(*session).srv.call(t.Context(), "hooks/list", nothing{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Data []struct {
			Hooks []struct {
				Key  string `json:"key"`
				Hash string `json:"currentHash"`
			} `json:"hooks"`
		} `json:"data"`
	}
	if err := json.Unmarshal(result, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Data) != 1 || len(list.Data[0].Hooks) != 1 {
		t.Fatalf("the hooks are %s", result)
	}
	return list.Data[0].Hooks[0].Key, list.Data[0].Hooks[0].Hash
}

// A file outside of the session's directory is not changed unasked by a mode that
// lets the agent edit, whichever way it is named.
func TestPatchOutside(t *testing.T) {
	for path, want := range map[string]universal.ToolKind{
		"/project/x":             universal.ToolEdit,
		"/project/..x/y":         universal.ToolEdit,
		"x":                      universal.ToolEdit,
		"/elsewhere/x":           universal.ToolOther,
		"/project-of-another/x":  universal.ToolOther,
		"/project/../elsewhere":  universal.ToolOther,
		"../x":                   universal.ToolOther,
		"/project/a/../../below": universal.ToolOther,
	} {
		for name, change := range map[string]string{
			"changed":  `{"path":"` + path + `","kind":{"type":"update"},"diff":""}`,
			"moved to": `{"path":"/project/a","kind":{"type":"update","move_path":"` + path + `"},"diff":""}`,
		} {
			c := running(drivers.Settings{})
			events := feed(c,
				started(`"type":"fileChange","id":"c1","changes":[{"path":"/project/b","kind":{"type":"update"},"diff":""},`+change+`],"status":"inProgress"`),
				`{"id":0,"method":"item/fileChange/requestApproval","params":{"threadId":"root","turnId":"t1","itemId":"c1"}}`,
			)
			d, ok := events[len(events)-1].Data.(*universal.PermissionData)
			if !ok || d.ToolKind != want {
				t.Errorf("%s %s: %s", name, path, shown(&events[len(events)-1]))
				continue
			}
			if outside := strings.HasPrefix(d.Title, "outside of the session's directory: "); outside != (want == universal.ToolOther) {
				t.Errorf("%s %s: the title is %q", name, path, d.Title)
			}
		}
	}
}

func TestRealPatchOutside(t *testing.T) {
	b := newBench(t)
	file := filepath.Join(t.TempDir(), "elsewhere.txt")
	l := b.start(t, drivers.Config{})
	if err := l.Send(t.Context(), drivers.Message{Text: modelserver.Prompt("patch_add", modelserver.Input{"path": file})}); err != nil {
		t.Fatal(err)
	}
	ev, _ := l.rec.AwaitType(t, 0, universal.TypePermissionRequested)
	d := ev.Data.(*universal.PermissionData)
	if d.ToolKind != universal.ToolOther || !strings.Contains(d.Title, file) {
		t.Errorf("the request is %+v", d)
	}
	if err := l.ReplyPermission(t.Context(), d.PermissionID, drivers.PermissionReply{Decision: drivers.Reject}); err != nil {
		t.Fatal(err)
	}
	l.rec.AwaitTurnEnd(t, 0)
	if _, err := os.Stat(file); err == nil {
		t.Error("the file was written")
	}
}
