package session

import (
	"testing"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// What the agent sent is left out where the log could not take the event with it.
func TestRawThatIsTooLong(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind universal.EventType
		raw  string
		most int
		want string
	}{
		{"none", universal.TypeError, "", 4, "head"},
		{"as long as may be", universal.TypeError, `{"a":1}`, 11, `head{"a":1}`},
		{"a byte longer", universal.TypeError, `{"a":1}`, 10, ""},
		{"longer by its escapes", universal.TypeError, "\"\u2028\"", 11, ""},
		{"a text of which there is room", universal.TypeUnparsed, "\x01", 12, `head"\u0001"`},
		{"a text longer by its escapes", universal.TypeUnparsed, "\x01", 11, ""},
	} {
		ev := &universal.Event{Type: tt.kind}
		if tt.raw != "" {
			ev.Raw = []byte(tt.raw)
		}
		got, whole := appendRaw([]byte("head"), ev, tt.most)
		want := tt.want
		if want == "" {
			want = "head"
		}
		if string(got) != want || whole != (tt.want != "") {
			t.Errorf("%s: %s, whole: %v", tt.name, got, whole)
		}
	}
}
