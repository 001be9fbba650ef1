package opencode

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/fixtures/harness"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// recorded are the lines of all recordings, one list for each process.
func recorded(tb testing.TB) map[string][]harness.Line {
	tb.Helper()
	folders, err := filepath.Glob(filepath.Join("..", "..", "fixtures", agentID, "*", "native.jsonl"))
	if err != nil || len(folders) == 0 {
		tb.Fatalf("no recordings (%v)", err)
	}
	all := map[string][]harness.Line{}
	for _, file := range folders {
		recording, err := harness.ReadRecording(filepath.Dir(file))
		if err != nil {
			tb.Fatal(err)
		}
		all[filepath.Base(filepath.Dir(file))] = recording.Lines()
	}
	return all
}

// play feeds lines to the converters of new servers, one for each process.
func play(lines []harness.Line, change func(line []byte) [][]byte) []universal.Event {
	servers := map[int]*fed{}
	var events []universal.Event
	for _, l := range lines {
		f := servers[l.Proc]
		if f == nil {
			f = newFed()
			servers[l.Proc] = f
		}
		if !l.Printed {
			f.Outgoing(l.Text)
			continue
		}
		for _, line := range change(l.Text) {
			events = f.Convert(events, line)
		}
	}
	return events
}

func asIs(line []byte) [][]byte { return [][]byte{line} }

// plain is what is compared of events: not the lines that they came from.
func plain(events []universal.Event) []universal.Event {
	for i := range events {
		events[i].Raw = nil
	}
	return events
}

// An agent whose every line has members that nobody knows is understood as well
// as without.
func TestUnknownMembers(t *testing.T) {
	for name, lines := range recorded(t) {
		want := plain(play(lines, asIs))
		got := plain(play(lines, func(line []byte) [][]byte {
			line = bytes.Replace(line, []byte(`{"event":{`), []byte(`{"from":"the future","event":{"more":[{"a":1}],`), 1)
			return [][]byte{bytes.Replace(line, []byte(`"properties":{`), []byte(`"properties":{"unknown":{"sessionID":"ses_9"},`), 1)}
		}))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-without +with):\n%s", name, diff)
		}
	}
}

// What no version says becomes one agent.unparsed each, and changes nothing
// else.
func TestUnknownEvents(t *testing.T) {
	for name, lines := range recorded(t) {
		want := plain(play(lines, asIs))
		n := 0
		greased := play(lines, func(line []byte) [][]byte {
			in, h, err := decodeLine(line)
			if err != nil || in.ID != nil || h.session == "" {
				return asIs(line)
			}
			n++
			return [][]byte{line, fmt.Appendf(nil, `{"event":{"payload":{"type":"from.the.future","properties":{"sessionID":%q}}}}`, h.session)}
		})
		unknown := 0
		var got []universal.Event
		for _, ev := range plain(greased) {
			if ev.Type == universal.TypeUnparsed {
				unknown++
				continue
			}
			got = append(got, ev)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-without +with):\n%s", name, diff)
		}
		if unknown == 0 || unknown > n {
			t.Errorf("%s: %d of %d unknown events are told", name, unknown, n)
		}
	}
}

// Nothing in a recording of this version is not understood, and every text adds
// up.
func TestRecordings(t *testing.T) {
	for name, lines := range recorded(t) {
		for _, ev := range play(lines, asIs) {
			if ev.Type == universal.TypeUnparsed {
				t.Errorf("%s: %+v %s", name, ev.Data, ev.Raw)
			}
		}
	}
}

// FuzzConvert feeds any line after a recorded beginning.
func FuzzConvert(f *testing.F) {
	begin := [][]byte{}
	for name, lines := range recorded(f) {
		for i, l := range lines {
			if l.Printed && i%7 == 0 {
				f.Add(l.Text)
			}
			if name == "commands" && len(begin) < 60 {
				begin = append(begin, l.Text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		c := newConverter("/workspace")
		c.root = "ses_0001"
		c.begin()
		for _, l := range append(begin[:len(begin):len(begin)], line) {
			in, h, err := decodeLine(l)
			switch {
			case err != nil:
			case in.ID != nil:
				a := answered{status: in.Status, body: in.Body, err: in.Error}
				for kind := purposeNone; kind <= purposeQuestions; kind++ {
					c.Answer(purpose{kind: kind}, &a, l)
				}
			case h.kind != "":
				c.Convert(h, l)
			}
		}
		c.streamDown()
		c.streamUp()
		var encoder universal.Encoder
		for i := range c.out {
			if _, err := encoder.AppendEvent(nil, &c.out[i]); err != nil {
				t.Fatalf("event %+v: %v", c.out[i], err)
			}
		}
	})
}

// The quick way of an event says what the slow one does.
func FuzzScanEvent(f *testing.F) {
	for _, lines := range recorded(f) {
		for i, l := range lines {
			if l.Printed && i%11 == 0 {
				f.Add(l.Text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		quick, ok := scanEvent(line)
		if !ok {
			return
		}
		slow, err := slowHead(line)
		if err != nil || slow.kind != quick.kind || slow.session != quick.session || !bytes.Equal(slow.properties, quick.properties) {
			t.Errorf("%q: quick %+v, slow %+v (%v)", line, quick, slow, err)
		}
		if d, ok := scanDelta(quick.properties); ok {
			if want, err := slowDelta(quick.properties); err != nil || d != want {
				t.Errorf("%q: quick %+v, slow %+v (%v)", line, d, want, err)
			}
		}
	})
}
