package claude

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// begun is a converter in the middle of a message whose first three blocks, a
// text, a thought and a call, are open.
func begun() *converter {
	c := newConverter("s", drivers.Settings{}, false)
	c.Outgoing([]byte(`{"type":"user","uuid":"u1"}`))
	for _, line := range []string{
		`{"type":"system","subtype":"init","session_id":"s","user_message_uuids":["u1"],"capabilities":["msg_lifecycle_v1"]}`,
		`{"type":"stream_event","event":{"type":"message_start","message":{"id":"m1","model":"big","usage":{"input_tokens":100,"output_tokens":1}}},"parent_tool_use_id":null,"api_message_id":"m1"}`,
		`{"type":"stream_event","event":{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}},"parent_tool_use_id":null,"api_message_id":"m1"}`,
		`{"type":"stream_event","event":{"type":"content_block_start","index":1,"content_block":{"type":"thinking","thinking":"","signature":""}},"parent_tool_use_id":null,"api_message_id":"m1"}`,
		`{"type":"stream_event","event":{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"Bash","input":{}}},"parent_tool_use_id":null,"api_message_id":"m1"}`,
	} {
		c.Convert(nil, []byte(line))
	}
	return c
}

// convertSlowly is Convert without the short way.
func convertSlowly(c *converter, line []byte) []universal.Event {
	c.out, c.raw = nil, line
	c.convertAny(line)
	return c.out
}

const tail = `,"session_id":"e4cb82c3-2dea-4ebf-bdf5-a4e8e416b3cc","parent_tool_use_id":null,"uuid":"5b1e23c9-44ab-4392-9120-577de4ccc4f2","api_message_id":"m1"}`

func deltaLineOf(index int, delta string) string {
	return fmt.Sprintf(`{"type":"stream_event","event":{"type":"content_block_delta","index":%d,"delta":%s}`, index, delta) + tail
}

// deltaLines are lines that could mislead a short way, and whether it takes
// them.
var deltaLines = []struct {
	name  string
	line  string
	short bool
}{
	{"text", deltaLineOf(0, `{"type":"text_delta","text":"Hello"}`), true},
	{"thinking", deltaLineOf(1, `{"type":"thinking_delta","thinking":"Hm"}`), true},
	{"input", deltaLineOf(2, `{"type":"input_json_delta","partial_json":"{\"command\":"}`), true},
	{"escapes", deltaLineOf(0, `{"type":"text_delta","text":"a\n\t\"\\ \u00e9 \ud83d\ude00 \ud83d é 😀 `+"\u2028"+`"}`), true},
	{"empty", deltaLineOf(0, `{"type":"text_delta","text":""}`), true},
	{"other order", `{"parent_tool_use_id":null,"event":{"delta":{"text":"x","type":"text_delta"},"index":0,"type":"content_block_delta"},"type":"stream_event"}`, true},
	{"spaces", "  { \"type\" : \"stream_event\" ,\t\"event\":{ \"type\":\"content_block_delta\",\"index\": 0 ,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"} } }\r", true},
	{"unknown members", `{"type":"stream_event","new_member":[1,{"a":null}],"event":{"type":"content_block_delta","index":0,"extra":-1.5e3,"delta":{"type":"text_delta","text":"x","note":"y"}}}`, true},
	{"no message id", `{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}},"parent_tool_use_id":null}`, true},
	{"member in another case", `{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x","TEXT":"y"}}}`, false},
	{"member twice", `{"type":"stream_event","event":{"type":"content_block_delta","index":0,"index":1,"delta":{"type":"text_delta","text":"x"}}}`, false},
	{"two texts", deltaLineOf(0, `{"type":"text_delta","text":"x","thinking":"y"}`), false},
	{"other block's kind", deltaLineOf(0, `{"type":"thinking_delta","thinking":"x"}`), false},
	{"block that is not open", deltaLineOf(7, `{"type":"text_delta","text":"x"}`), false},
	{"signature", deltaLineOf(1, `{"type":"signature_delta","signature":"x"}`), false},
	{"unknown delta", deltaLineOf(0, `{"type":"new_delta","text":"x"}`), false},
	{"text that is no string", deltaLineOf(0, `{"type":"text_delta","text":1}`), false},
	{"text missing", deltaLineOf(0, `{"type":"text_delta"}`), false},
	{"index that is no integer", `{"type":"stream_event","event":{"type":"content_block_delta","index":0.0,"delta":{"type":"text_delta","text":"x"}}}`, false},
	{"index null", `{"type":"stream_event","event":{"type":"content_block_delta","index":null,"delta":{"type":"text_delta","text":"x"}}}`, false},
	{"other message", strings.Replace(deltaLineOf(0, `{"type":"text_delta","text":"x"}`), `"m1"}`, `"m2"}`, 1), false},
	{"sub-agent", strings.Replace(deltaLineOf(0, `{"type":"text_delta","text":"x"}`), `"parent_tool_use_id":null`, `"parent_tool_use_id":"t9"`, 1), false},
	{"abandoned", strings.Replace(deltaLineOf(0, `{"type":"text_delta","text":"x"}`), `"uuid"`, `"abandoned_blocks":{"from_block_index":0},"uuid"`, 1), false},
	{"cut", deltaLineOf(0, `{"type":"text_delta","text":"x"}`)[:120], false},
	{"something behind it", deltaLineOf(0, `{"type":"text_delta","text":"x"}`) + "{}", false},
	{"invalid utf-8", deltaLineOf(0, `{"type":"text_delta","text":"`+"\xff"+`"}`), false},
	{"raw control character", deltaLineOf(0, "{\"type\":\"text_delta\",\"text\":\"a\x01\"}"), false},
	{"in a text", `{"type":"assistant","message":{"id":"m2","content":[{"type":"text","text":"\"content_block_delta\""}]}}`, false},
}

func TestShortWayEqualsLongWay(t *testing.T) {
	for _, tt := range deltaLines {
		t.Run(tt.name, func(t *testing.T) {
			line := []byte(tt.line)
			if took := begun().convertDelta(line); took != tt.short {
				t.Errorf("the short way took it: %v, want %v", took, tt.short)
			}
			sameBothWays(t, line)
		})
	}
}

// sameBothWays converts a line in both ways, and then a line that shows the
// state that it left.
func sameBothWays(t *testing.T, line []byte) {
	t.Helper()
	fast, slow := begun(), begun()
	got, want := fast.Convert(nil, line), convertSlowly(slow, line)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("the two ways differ (-long +short) on %q:\n%s", line, diff)
	}
	for _, ev := range got {
		if !json.Valid(ev.Raw) {
			t.Fatalf("raw is no JSON: %q", ev.Raw)
		}
	}
	end := []byte(`{"type":"stream_event","event":{"type":"message_stop"},"api_message_id":"m1"}`)
	if diff := cmp.Diff(convertSlowly(slow, end), fast.Convert(nil, end)); diff != "" {
		t.Fatalf("after %q the two ways differ (-long +short):\n%s", line, diff)
	}
}

// TestShapeOfTheLastLine converts lines after one another, since a line may be
// taken for one like the line before it.
func TestShapeOfTheLastLine(t *testing.T) {
	first := deltaLineOf(0, `{"type":"text_delta","text":"Hello"}`)
	for _, tt := range []struct {
		name, line string
		match      bool
	}{
		{"the same", first, true},
		{"another text", strings.Replace(first, "Hello", `a longer \"text\" \u00e9`, 1), true},
		{"no text", strings.Replace(first, "Hello", "", 1), true},
		{"another uuid", strings.Replace(first, "5b1e23c9", "00000000", 1), true},
		{"uuid with an escape", strings.Replace(first, "5b1e23c9", `\u00e9\n`, 1), true},
		{"uuid with a quote", strings.Replace(first, "5b1e23c9", `5b","a":`, 1), false},
		{"uuid with half an escape", strings.Replace(first, "4ccc4f2\"", `4ccc4f\"`, 1), false},
		{"longer uuid", strings.Replace(first, "5b1e23c9", "5b1e23c9a", 1), false},
		{"another block", deltaLineOf(1, `{"type":"text_delta","text":"Hello"}`), false},
		{"another message", strings.Replace(first, `"m1"}`, `"m2"}`, 1), false},
		{"another parent", strings.Replace(first, `"parent_tool_use_id":null`, `"parent_tool_use_id":"t9"`, 1), false},
		{"cut in the text", first[:len(`{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"He`)], false},
		{"cut behind the text", first[:len(first)-1], false},
		{"something behind it", first + "{}", false},
		{"raw control character", strings.Replace(first, "Hello", "a\x01", 1), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fast, slow := begun(), begun()
			same := func(line string) {
				t.Helper()
				got, want := fast.Convert(nil, []byte(line)), convertSlowly(slow, []byte(line))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("the two ways differ (-long +short) on %q:\n%s", line, diff)
				}
			}
			for range 2 {
				same(first)
				if _, match := fast.shape.match([]byte(tt.line)); match != tt.match {
					t.Errorf("match: %v, want %v", match, tt.match)
				}
				same(tt.line)
			}
		})
	}
}

// FuzzConvert feeds lines to two converters, one without the short way: they
// never panic, never differ, and raw is always JSON.
func FuzzConvert(f *testing.F) {
	for _, tt := range deltaLines {
		f.Add([]byte(tt.line))
	}
	for _, line := range turnLines {
		f.Add([]byte(line))
	}
	f.Add([]byte(strings.Join(turnLines, "\n")))
	f.Fuzz(func(t *testing.T, text []byte) {
		fast, slow := begun(), begun()
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			got, want := fast.Convert(nil, line), convertSlowly(slow, line)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("the two ways differ (-long +short) on %q:\n%s", line, diff)
			}
			for _, ev := range got {
				if !json.Valid(ev.Raw) {
					t.Fatalf("raw is no JSON: %q", ev.Raw)
				}
			}
		}
	})
}

func BenchmarkConvertDelta(b *testing.B) {
	plain := deltaLineOf(0, `{"type":"text_delta","text":"`+strings.Repeat("word ", 12)+`"}`)
	for _, bm := range []struct{ name, line string }{
		{"plain", plain},
		{"escapes", deltaLineOf(0, `{"type":"text_delta","text":"`+strings.Repeat(`a line of code\n\t`, 5)+`"}`)},
		{"unicode", deltaLineOf(0, `{"type":"text_delta","text":"`+strings.Repeat("Grüße 世界 ", 6)+`"}`)},
	} {
		for _, way := range []struct {
			name    string
			convert func(*converter, []universal.Event, []byte) []universal.Event
		}{
			{"short", (*converter).Convert},
			{"long", func(c *converter, _ []universal.Event, line []byte) []universal.Event { return convertSlowly(c, line) }},
		} {
			b.Run(bm.name+"/"+way.name, func(b *testing.B) {
				line := []byte(bm.line)
				b.SetBytes(int64(len(line)))
				b.ReportAllocs()
				c := begun()
				text := c.streams[""].blocks[0]
				var events []universal.Event
				for b.Loop() {
					events = way.convert(c, events[:0], line)
					text.text = text.text[:0]
				}
				if len(events) != 1 {
					b.Fatalf("%d events", len(events))
				}
			})
		}
	}
}
