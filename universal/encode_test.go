package universal_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// TestEncoderForgets encodes different events with one encoder: what it
// remembers of one must not show in the next.
func TestEncoderForgets(t *testing.T) {
	var shared universal.Encoder
	for range 2 {
		for _, line := range exampleLines(t) {
			var ev universal.Event
			if err := json.Unmarshal(line, &ev); err != nil {
				t.Fatal(err)
			}
			for _, change := range []func(){
				func() {},
				func() { ev.SessionID += "2" },
				func() { ev.NativeSessionID += "2" },
				func() { ev.TurnID += "2" },
				func() { ev.Synthetic = !ev.Synthetic },
				func() { ev.Source += "2" },
				func() { ev.Time = ev.Time.Add(1) },
			} {
				change()
				var fresh universal.Encoder
				want, err := fresh.AppendEvent(nil, &ev)
				if err != nil {
					t.Fatal(err)
				}
				got, err := shared.AppendEvent(nil, &ev)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Fatalf("-want +got:\n%s", diff)
				}
			}
		}
	}
}

func TestUnknownPartStaysOnOneLine(t *testing.T) {
	encode := func(part string) (string, error) {
		opaque := universal.OpaquePart(part)
		ev := universal.Event{Type: universal.TypeItemStarted, Data: &universal.ItemData{
			Item: universal.Item{Content: universal.Content{&opaque}},
		}}
		var enc universal.Encoder
		b, err := enc.AppendEvent(nil, &ev)
		return string(b), err
	}
	got, err := encode("{\n \"type\": \"new\", \"text\": \"a \u2028 b\"}")
	if err != nil {
		t.Fatal(err)
	}
	if want := `"content":[{"type":"new","text":"a \u2028 b"}]`; !strings.Contains(got, want) {
		t.Errorf("%s is not in %s", want, got)
	}
	if got, err := encode(`{"type":"new"`); err == nil {
		t.Errorf("half a part was encoded: %s", got)
	}
}

// TestStringsOfAllLengths puts what has to be escaped at every place of the
// eight bytes that are looked at together.
func TestStringsOfAllLengths(t *testing.T) {
	for _, special := range []string{`"`, `\`, "\n", "\x00", "\x1f", "\x7f", "é", "\u2028", "😀"} {
		for before := range 20 {
			for _, after := range []int{0, 1, 7, 8, 9} {
				want := strings.Repeat("x", before) + special + strings.Repeat("y", after)
				encoded := universal.AppendString(nil, want)
				var got string
				if err := json.Unmarshal(encoded, &got); err != nil || got != want {
					t.Errorf("%q became %s, %v", want, encoded, err)
				}
			}
		}
	}
}
