package amp

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/rig"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// greaseLines are lines that no version of the CLI prints. Each becomes one
// agent.unparsed.
func greaseLines() [][]byte {
	lines := []string{
		`{"type":"from_the_future","uuid":"u"}`,
		`{"type":"system","subtype":"from_the_future"}`,
		`{"type":"assistant","message":{"content":[{"type":"from_the_future"}],"stop_reason":"tool_use"}}`,
		`{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"from_the_future","content":"x"}]}}`,
		`{"type":"user","message":{"content":[{"type":"from_the_future"}]}}`,
		`{"type":"assistant","message":{"content":7}}`,
		`{"type":"assistant"}`,
		`{"type":"result","is_error":"from_the_future"}`,
		`{"type":"channel","subtype":"from_the_future"}`,
		`{"type":"channel","subtype":"gone","id":"x"}`,
		`{"type":7}`,
		`{}`,
		`null`,
		`[1,2]`,
		`{"type":"assistant","mess`,
		"\x00\xff\xfe not even text \xe2\x80\xa8",
		`Warning: something was printed to stdout`,
		`{"type":"from_the_future","pad":"` + strings.Repeat("x", 2<<20) + `"}`,
	}
	all := make([][]byte, len(lines))
	for i, line := range lines {
		all[i] = []byte(line)
	}
	return all
}

// Lines that nobody knows become agent.unparsed, and are kept.
func TestGreaseLines(t *testing.T) {
	for _, line := range greaseLines() {
		events := begun(native).Convert(nil, line)
		if len(events) != 1 || events[0].Type != universal.TypeUnparsed || !json.Valid(events[0].Raw) {
			t.Errorf("%.100q becomes %s", line, drivertest.Skeleton(events))
		}
	}
	// What resets a terminal is no line.
	for _, line := range []string{"\x1b[=0u\x1b[<u\x1b[?25h", "  "} {
		if events := begun(native).Convert(nil, []byte(line)); len(events) != 0 {
			t.Errorf("%q becomes %s", line, drivertest.Skeleton(events))
		}
	}
}

// An agent whose every line has a field that nobody knows, with lines between
// them that nobody knows, is understood as well as without.
func TestRealGrease(t *testing.T) {
	turns := func(change func(line []byte) [][]byte) []universal.Event {
		k := &talk{T: t, bench: newBench(t, "amp")}
		k.driver.opts.Launch = func(ctx context.Context, spec process.Spec) (Transport, error) {
			a, err := Launch(ctx, k.Supervisor, spec)
			if err != nil {
				return nil, err
			}
			return &greased{Agent: a, change: change}, nil
		}
		k.start()
		for _, prompt := range []string{
			"SCENARIO:thinking",
			modelserver.Prompt("bash", modelserver.Input{"command": "touch made.txt"}),
			"SCENARIO:read",
			"SCENARIO:two_texts",
		} {
			k.send(prompt)
			if strings.Contains(prompt, "touch") {
				if err := k.agent.ReplyPermission(t.Context(), k.permission().PermissionID, drivers.PermissionReply{Decision: drivers.Once}); err != nil {
					t.Fatal(err)
				}
			}
			k.end(universal.StopEndTurn)
		}
		return k.rec.Events(0)
	}
	// Lines that say something about the turn's end would be believed.
	grease := slices.DeleteFunc(greaseLines(), func(line []byte) bool {
		return bytes.HasPrefix(line, []byte(`{"type":"assistant"`)) || bytes.HasPrefix(line, []byte(`{"type":"user"`))
	})
	rig.CheckGrease(t, grease, turns, outline)
}

// outline names events without what differs from run to run: ids.
func outline(events []universal.Event) []string {
	var lines []string
	for i := range events {
		kind := ""
		if d, ok := events[i].Data.(*universal.ItemData); ok {
			kind = string(d.Item.Kind) + " " + string(d.Item.Status) + " " + d.Item.Text()
		}
		lines = append(lines, string(events[i].Type)+" "+kind)
	}
	return lines
}

// Whatever is printed, the converter goes on, keeps what it doesn't understand,
// and can end the turn.
func FuzzConvert(f *testing.F) {
	for _, line := range greaseLines()[:14] {
		f.Add(uint8(0), line)
	}
	f.Add(uint8(2), []byte(strings.Join([]string{
		initOf(`"ask_user"`),
		`{"type":"user","message":{"role":"user","content":[{"type":"text","text":"hi"}]}}`,
		callOf("c", "shell_command", `{"command":"ls"}`),
		`{"type":"channel","subtype":"request","id":1,"request":{"kind":"tool","tool":"shell_command","input":{"command":"ls"},"tool_use_id":"c"}}`,
		`{"type":"channel","subtype":"gone","id":1}`,
		resultOf(f, "c", `{"output":"x","exitCode":0}`, false),
		callOf("p", "apply_patch", `{"patchText":"x"}`),
		resultOf(f, "p", `{"summary":"s","files":[{"uri":"file:///project/a","type":"add","diff":"--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b"}]}`, false),
		assistant(`{"type":"text","text":"done"}`, `"end_turn"`),
		`{"type":"result","subtype":"success","is_error":false}`,
	}, "\n")))
	f.Add(uint8(0), []byte(`{"type":"channel","subtype":"request","id":1,"request":{"kind":"question","tool":"ask_user","input":{"questions":[{"question":"Why?"}]}}}`))
	f.Fuzz(func(t *testing.T, kind uint8, text []byte) {
		c := begun(generation(kind % 3))
		var encoder universal.Encoder
		check := func(events []universal.Event) {
			for i := range events {
				ev := &events[i]
				if ev.Raw != nil && !json.Valid(ev.Raw) {
					t.Fatalf("raw is no JSON: %q", ev.Raw)
				}
				if ev.Source == "" {
					ev.Source = universal.SourceAgent
				}
				if _, err := encoder.AppendEvent(nil, ev); err != nil {
					t.Fatalf("%s: %v", drivertest.Bone(ev), err)
				}
			}
		}
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			check(c.Convert(nil, line))
			c.limit()
			c.isComplete()
		}
		check(c.release(nil))
		code := 0
		events, crashed := c.end(nil, ending{exit: process.Exit{Code: &code}})
		if crashed || events[len(events)-1].Type != universal.TypeTurnEnded {
			t.Fatalf("the turn ends with %s", drivertest.Skeleton(events))
		}
		check(events)
		if len(c.requests) > 0 {
			t.Fatal("requests are left open")
		}
	})
}
