package opencode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// numbered are lines that differ from each other.
func numbered(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintln(&b, "line", i)
	}
	return b.String()
}

func TestPrinted(t *testing.T) {
	long := numbered(0, 1000)
	for name, test := range map[string]struct{ before, now, want string }{
		"the first piece":         {"", "one\n", "one\n"},
		"another piece":           {"one\n", "one\ntwo\n", "two\n"},
		"nothing new":             {"one\n", "one\n", ""},
		"the window begins":       {long, windowMark + long[500:] + "more\n", "more\n"},
		"the window moves":        {windowMark + long, windowMark + long[500:] + "more\n", "more\n"},
		"too much for a window":   {windowMark + long, windowMark + numbered(5000, 6000), "\n" + windowMark + numbered(5000, 6000)},
		"a line that looks alike": {windowMark + numbered(0, 100) + numbered(0, 50), windowMark + numbered(0, 50) + "end\n", "end\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := printed(test.before, test.now); got != test.want {
				t.Errorf("%.80q follows, want %.80q", got, test.want)
			}
		})
	}
}

const bashPart = `{"sessionID":"ses_1","part":{"id":"prt_9","messageID":"msg_2","sessionID":"ses_1","type":"tool","tool":"bash","callID":"c",` +
	`"state":{"status":%q,"input":{"command":"make"%s},"output":%q,"metadata":{"output":%q%s},"time":{"start":1000,"end":3000}}}}`

// A command streams what it prints, also when OpenCode tells the end of it only.
func TestLongOutput(t *testing.T) {
	c := begun(t)
	long := numbered(0, 1000)
	for _, output := range []string{long[:40], long, windowMark + long[200:] + "more\n", windowMark + long[400:] + "more\nmost\n"} {
		told(t, c, "message.part.updated", fmt.Sprintf(bashPart, "running", "", "", output, ""))
	}
	var streamed strings.Builder
	for _, ev := range c.out {
		if d, ok := ev.Data.(*universal.ItemDeltaData); ok && d.ItemID == "prt_9:result" {
			streamed.WriteString(d.Delta)
		}
	}
	if want := long + "more\nmost\n"; streamed.String() != want {
		t.Errorf("%d bytes were streamed, want %d: ... %q", streamed.Len(), len(want), streamed.String()[max(0, streamed.Len()-60):])
	}
}

// OpenCode calls a command completed however it ended.
func TestCommandEnds(t *testing.T) {
	for name, test := range map[string]struct {
		input, exit string
		interrupted bool
		status      universal.ItemStatus
		cwd         string
	}{
		"well":                {"", `,"exit":0`, false, universal.StatusCompleted, "/w"},
		"in another folder":   {`,"workdir":"/w/inner"`, `,"exit":0`, false, universal.StatusCompleted, "/w/inner"},
		"badly":               {"", `,"exit":3`, false, universal.StatusFailed, "/w"},
		"when its time is up": {"", `,"exit":null`, false, universal.StatusFailed, "/w"},
		"by an interrupt":     {"", `,"exit":null`, true, universal.StatusCancelled, "/w"},
	} {
		t.Run(name, func(t *testing.T) {
			c := begun(t)
			c.turn.interrupted = test.interrupted
			told(t, c, "message.part.updated", fmt.Sprintf(bashPart, "completed", test.input, "out\n", "out\n", test.exit))
			item := c.out[len(c.out)-1].Data.(*universal.ItemData).Item
			result, command := item.Content[0].(*universal.ToolResultPart), item.Content[1].(*universal.CommandPart)
			if item.Status != test.status || result.IsError != (test.status != universal.StatusCompleted) || command.Cwd != test.cwd {
				t.Errorf("it is %s, error %v, in %s; want %s in %s", item.Status, result.IsError, command.Cwd, test.status, test.cwd)
			}
			if *command.DurationMS != 2000 {
				t.Errorf("it took %d ms, want 2000", *command.DurationMS)
			}
		})
	}
}

// Of a command whose end nobody tells, it is told what it has printed.
func TestCommandWithoutEnd(t *testing.T) {
	c := begun(t)
	told(t, c, "message.part.updated", fmt.Sprintf(bashPart, "running", "", "", "one\n", ""))
	c.closeParts(universal.StopInterrupted)
	item := c.out[len(c.out)-1].Data.(*universal.ItemData).Item
	want := universal.Content{
		&universal.ToolResultPart{CallID: "prt_9", Output: "the turn ended before the call did", IsError: true},
		&universal.CommandPart{Command: "make", Cwd: "/w", Output: "one\n"},
	}
	if diff := cmp.Diff(want, item.Content); item.Status != universal.StatusCancelled || diff != "" {
		t.Errorf("it is %s (-want +got):\n%s", item.Status, diff)
	}
}
