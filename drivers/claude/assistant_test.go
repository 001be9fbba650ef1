package claude

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// assistantLines are lines that could mislead the short way of decoding.
var assistantLines = []string{
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"Hello"}],"usage":{"output_tokens":1}},"parent_tool_use_id":null}`,
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"thinking","thinking":"Hm","signature":"abc"}]},"aborted":true}`,
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"a\n\t\"\\ \u00e9 \ud83d\ude00 \ud83d é 😀","citations":null}]}}`,
	` { "message" : { "content" : [ { "text" : "x" , "type" : "text" } ] , "id" : "m1" } , "type" : "assistant" } `,
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]}}`,
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{"command":"ls"}}]}}`,
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"x","id":"b1"}]}}`,
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"x","Text":"y"}]}}`,
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"x","text":"y"}]}}`,
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":1}]}}`,
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"text"}]}}`,
	`{"type":"assistant","message":{"id":"m1","content":[{"text":"x"}]}}`,
	`{"type":"assistant","message":{"id":"m1","content":[]}}`,
	`{"type":"assistant","message":{"id":"m1","content":null}}`,
	`{"type":"assistant","message":{"id":"m1","content":"a string"}}`,
	`{"type":"assistant","message":{"id":"m1","content":7}}`,
	`{"type":"assistant","message":{"id":"m1","content":{"type":"text","text":"x"}}}`,
	`{"type":"assistant","message":{"id":"m1"}}`,
	`{"type":"assistant","message":null}`,
	`{"type":"assistant","message":{"id":"m1","content":[],"content":[{"type":"text","text":"x"}]}}`,
	`{"type":"assistant","message":{"id":"m1","content":[]},"message":{"content":[{"type":"text","text":"x"}]}}`,
	`{"type":"assistant","message":{"id":"m1","Content":[{"type":"text","text":"x"}]}}`,
	`{"type":"assistant","Message":{"id":"m2"},"message":{"id":"m1","content":[{"type":"text","text":"x"}]}}`,
	`{"type":"assistant","message":{"id":7,"content":[{"type":"text","text":"x"}]}}`,
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"x"}]`,
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"x"}]}}{}`,
	`{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"` + "\xff" + `"}]}}`,
	`{"subtype":"x","type":"assistant"}`,
	`{"type":"a\u0062","subtype":null}`,
	`{"type":"a","type":"b"}`,
	`{"type":"a","Type":"b"}`,
	`{"type":7}`,
	`[]`,
	``,
}

// sameDecoded holds the short ways to what encoding/json makes of a line.
func sameDecoded(t *testing.T, line []byte) {
	t.Helper()
	var wantHead head
	headErr := json.Unmarshal(line, &wantHead)
	if got, ok := scanHead(line); ok && (headErr != nil || got != wantHead) {
		t.Fatalf("%q: head is %+v, want %+v, %v", line, got, wantHead, headErr)
	}

	var got, want assistantLine
	gotBlocks, gotErr := got.decode(line)
	var wantBlocks []contentBlock
	wantErr := json.Unmarshal(line, &want)
	if wantErr == nil {
		wantBlocks, wantErr = want.Message.blocks()
	}
	if (gotErr != nil) != (wantErr != nil) {
		t.Fatalf("%q: error %v, want %v", line, gotErr, wantErr)
	}
	if wantErr != nil {
		return
	}
	want.Message.Content = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%q (-want +got):\n%s", line, diff)
	}
	if diff := cmp.Diff(wantBlocks, gotBlocks); diff != "" {
		t.Fatalf("%q (-want +got):\n%s", line, diff)
	}
}

func TestShortDecodingEqualsLong(t *testing.T) {
	for _, line := range assistantLines {
		sameDecoded(t, []byte(line))
	}
	if _, _, ok := cutContent([]byte(assistantLines[0])); !ok {
		t.Error("an ordinary line goes the long way")
	}
}

func FuzzDecodeAssistant(f *testing.F) {
	for _, line := range assistantLines {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) { sameDecoded(t, line) })
}

func BenchmarkDecodeAssistant(b *testing.B) {
	line := []byte(strings.Replace(assistantLines[0], "Hello", strings.Repeat(`a line of text\n`, 4000), 1))
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		var l assistantLine
		if blocks, err := l.decode(line); err != nil || len(blocks) != 1 {
			b.Fatal(err)
		}
	}
}
