package universal_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

func exampleLines(t testing.TB) [][]byte {
	t.Helper()
	b, err := os.ReadFile("testdata/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(b), []byte("\n"))
}

// TestEncoding holds every event type and part, with their members set and
// unset, to its exact bytes: null, absent and order are the wire format.
func TestEncoding(t *testing.T) {
	seen := map[universal.EventType]bool{}
	var parts []string
	for _, line := range exampleLines(t) {
		var ev universal.Event
		if err := json.Unmarshal(line, &ev); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		seen[ev.Type] = true
		parts = append(parts, string(line))
		var enc universal.Encoder
		got, err := enc.AppendEvent(nil, &ev)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if diff := cmp.Diff(string(line), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", ev.EventID, diff)
		}
		viaJSON, err := json.Marshal(&ev)
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if json.Unmarshal(got, &a) != nil || json.Unmarshal(viaJSON, &b) != nil || !cmp.Equal(a, b) {
			t.Errorf("%s: json.Marshal gives something else: %s", ev.EventID, viaJSON)
		}
	}
	for _, want := range universal.EventTypes() {
		if !seen[want] {
			t.Errorf("no example of %s", want)
		}
	}
	all := strings.Join(parts, "\n")
	for name := range universal.PartTypes() {
		if !strings.Contains(all, `{"type":"`+name+`",`) {
			t.Errorf("no example of part %s", name)
		}
	}
}

func TestHeadLeavesRawOut(t *testing.T) {
	ev := universal.Event{
		EventID: "evt_1", Sequence: 1, Type: universal.TypeItemDelta, Source: universal.SourceAgent,
		Data: &universal.ItemDeltaData{ItemID: "itm_1", Delta: "x"}, Raw: json.RawMessage("{\"a\":\"\u2028\"}"),
	}
	var enc universal.Encoder
	head, err := enc.AppendHead(nil, &ev)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasSuffix(head, []byte(`,"raw":`)) {
		t.Errorf("head ends with %q", head[len(head)-10:])
	}
	whole, err := enc.AppendEvent(nil, &ev)
	if err != nil {
		t.Fatal(err)
	}
	if want := string(head) + `{"a":"\u2028"}}`; string(whole) != want {
		t.Errorf("got %s, want %s", whole, want)
	}
}

func TestEncodingErrors(t *testing.T) {
	var enc universal.Encoder
	for name, data := range map[string]universal.Data{
		"no data":  nil,
		"bad json": &universal.ItemData{Item: universal.Item{Content: universal.Content{&universal.JSONPart{JSON: json.RawMessage("{")}}}},
		"nil part": &universal.ItemData{Item: universal.Item{Content: universal.Content{nil}}},
	} {
		dst := []byte("kept")
		got, err := enc.AppendHead(dst, &universal.Event{Type: universal.TypeItemCompleted, Data: data})
		if err == nil || string(got) != "kept" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestDecodingErrors(t *testing.T) {
	for _, line := range []string{
		`{"type":"item.delta"}`,
		`{"type":"item.delta","data":[]}`,
		`{"type":"item.completed","data":{"item":{"content":[{"type":1}]}}}`,
		`{"type":"item.completed","data":{"item":{"content":[{"type":"text","text":1}]}}}`,
		`{"type":"item.completed","data":{"item":{"content":{}}}}`,
		`[]`,
	} {
		if err := json.Unmarshal([]byte(line), new(universal.Event)); err == nil {
			t.Errorf("%s: no error", line)
		}
	}
}

func TestItemText(t *testing.T) {
	text := func(s string) universal.Part { return &universal.TextPart{Text: s} }
	thought := func(s string) universal.Part { return &universal.ReasoningPart{Text: s} }
	for _, test := range []struct {
		content universal.Content
		want    string
	}{
		{nil, ""},
		{universal.Content{text("a"), thought("r"), text("b")}, "a\nb"},
		{universal.Content{thought("r"), &universal.StatusPart{Label: "l"}, thought("s")}, "r\ns"},
		{universal.Content{text(""), thought("r")}, ""},
	} {
		it := universal.Item{Content: test.content}
		if got := it.Text(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// FuzzAppendString compares with encoding/json, whose strings are the norm.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "a", "\"\\\b\f\n\r\t\x00\x7f", "é\u2028\u2029😀", "\xff\xfe", "\xe2\x80", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
		want := strings.TrimSuffix(buf.String(), "\n")
		if !utf8.ValidString(s) {
			want = strings.ReplaceAll(want, `\ufffd`, "\ufffd") // the escape and the character are the same
		}
		if got := string(universal.AppendString(nil, s)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// FuzzEvent: what decodes also encodes, as one line, and means the same.
func FuzzEvent(f *testing.F) {
	for _, line := range exampleLines(f) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var ev universal.Event
		if json.Unmarshal(b, &ev) != nil {
			return
		}
		if y := ev.Time.UTC().Year(); y < 0 || y > 9999 {
			return // RFC 3339 has no such year
		}
		var enc universal.Encoder
		first, err := enc.AppendEvent(nil, &ev)
		if err != nil {
			t.Fatalf("%q decodes but does not encode: %v", b, err)
		}
		if !json.Valid(first) {
			t.Fatalf("%q encodes to what is not JSON: %q", b, first)
		}
		var again universal.Event
		if err := json.Unmarshal(first, &again); err != nil {
			t.Fatalf("%q does not decode: %v", first, err)
		}
		second, err := enc.AppendEvent(nil, &again)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%q became %q, %v", first, second, err)
		}
		if bytes.ContainsRune(first, '\n') && !bytes.ContainsRune(ev.Raw, '\n') {
			t.Fatalf("%q has more than one line", first)
		}
	})
}

func BenchmarkAppendDelta(b *testing.B) {
	ev := universal.Event{
		EventID: "evt_123456", Sequence: 123456, Time: time.Now(), SessionID: "session", NativeSessionID: "native-session-id",
		TurnID: "turn_1", Source: universal.SourceAgent, Type: universal.TypeItemDelta,
		Data: &universal.ItemDeltaData{ItemID: "itm_12", NativeItemID: "msg_0123456789", Delta: strings.Repeat("word ", 12)},
	}
	var enc universal.Encoder
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = enc.AppendHead(buf[:0], &ev)
	}
	b.SetBytes(int64(len(buf)))
}
