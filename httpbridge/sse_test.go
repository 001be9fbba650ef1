package httpbridge_test

import (
	"encoding/json"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/httpbridge"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// A session from its creation to its end, as a client sees it that reads its
// stream and nothing else.
func TestStream(t *testing.T) {
	l := newLab(t, nil)
	l.create("s")
	r := l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"})
	sent := l.ask(request{verb: "POST", path: "/v1/sessions/s/messages", body: message("hello")})
	if sent.status != 204 || len(sent.body) != 0 || sent.header.Get("Turn-Id") != "turn_1" {
		t.Errorf("sent: %d %q %v", sent.status, sent.body, sent.header)
	}
	events := r.until(universal.TypeTurnEnded)
	if head, err := strconv.Atoi(sent.header.Get("Event-Sequence")); err != nil || events[head-1].Type != universal.TypeTurnStarted && events[head].Type != universal.TypeTurnStarted {
		t.Errorf("Event-Sequence = %q, events %d", sent.header.Get("Event-Sequence"), len(events))
	}
	l.must("POST", "/v1/sessions/s/terminate", "", nil)
	events = append(events, r.until(universal.TypeSessionEnded)...)
	if err := universal.CheckStream(events); err != nil {
		t.Error(err)
	}
	l.must("DELETE", "/v1/sessions/s", "", nil)
	if ev, ok := r.event(); ok {
		t.Errorf("after the session was deleted: %+v", ev)
	}
}

// A reader that comes back gets what it has not seen, wherever it stopped.
func TestReconnectAnywhere(t *testing.T) {
	l := newLab(t, nil)
	l.create("s")
	l.ask(request{verb: "POST", path: "/v1/sessions/s/messages", body: message("flood 60 20")})
	all := l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"}).until(universal.TypeTurnEnded)
	for seen := range all {
		id := strconv.Itoa(seen)
		for _, req := range []request{
			{verb: "GET", path: "/v1/sessions/s/events/sse?offset=" + id},
			{verb: "GET", path: "/v1/sessions/s/events/sse?offset=0", header: map[string]string{"Last-Event-ID": id}},
		} {
			r := l.open(req)
			if ev, ok := r.event(); !ok || ev.Sequence != all[seen].Sequence || ev.EventID != all[seen].EventID {
				t.Fatalf("after %d came %+v", seen, ev)
			}
			r.resp.Body.Close()
		}
	}
}

func TestTurnStream(t *testing.T) {
	l := newLab(t, nil)
	l.create("s")
	types := func(r *reader) (types []universal.EventType) {
		for {
			ev, ok := r.event()
			if !ok {
				return types
			}
			types = append(types, ev.Type)
		}
	}
	path := "/v1/sessions/s/messages/stream"
	if got := types(l.open(request{verb: "POST", path: path, body: message("hello")})); got[0] != universal.TypeTurnStarted || got[len(got)-1] != universal.TypeTurnEnded {
		t.Errorf("a turn: %v", got)
	}
	// A stream stops where a person is needed, unless it is asked not to.
	if got := types(l.open(request{verb: "POST", path: path, body: message("permission")})); got[len(got)-1] != universal.TypePermissionRequested {
		t.Errorf("a turn that asks: %v", got)
	}
	reply := func(id, answer string) {
		t.Helper()
		l.must("POST", "/v1/sessions/s/permissions/"+id+"/reply", `{"reply":"`+answer+`"}`, nil)
	}
	var info struct {
		PendingPermissions []struct {
			PermissionID string `json:"permission_id"`
		}
	}
	l.must("GET", "/v1/sessions/s", "", &info)
	if len(info.PendingPermissions) == 0 {
		t.Fatal("nothing waits for an answer")
	}
	for _, pending := range info.PendingPermissions {
		reply(pending.PermissionID, "once")
	}

	r := l.open(request{verb: "POST", path: path + "?until=turn", body: message("permission")})
	for {
		ev, ok := r.event()
		if !ok {
			t.Fatal("the stream ended before its turn")
		}
		if ev.Type == universal.TypePermissionRequested {
			reply(ev.Data.(*universal.PermissionData).PermissionID, "reject")
		}
		if ev.Type == universal.TypeTurnEnded {
			break
		}
	}
	if _, ok := r.event(); ok {
		t.Error("the stream goes on after its turn")
	}
	wantProblem(t, l.ask(request{verb: "POST", path: path + "?until=supper", body: message("hello")}), universal.KindInvalidRequest)
}

// Raw payloads come when they are asked for, in either spelling.
func TestRaw(t *testing.T) {
	l := newLab(t, nil)
	l.create("s")
	l.ask(request{verb: "POST", path: "/v1/sessions/s/messages", body: message("flood 3 10 raw")})
	l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"}).until(universal.TypeTurnEnded)
	for query, want := range map[string]bool{"": false, "?includeRaw=true": true, "?include_raw=1": true, "?includeRaw=false": false} {
		got := false
		for _, ev := range l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse" + query}).until(universal.TypeTurnEnded) {
			got = got || len(ev.Raw) > 0 && string(ev.Raw) != "null"
		}
		if got != want {
			t.Errorf("%q: raw %v", query, got)
		}
	}
}

// Without a session, the summaries of all of them come as they change.
func TestWatch(t *testing.T) {
	l := newLab(t, nil)
	r := l.open(request{verb: "GET", path: "/v1/sessions/sse"})
	var created struct{ SessionID string }
	l.must("POST", "/v1/sessions", `{"agent":"mock","title":"made up"}`, &created)
	for {
		_, data, ok := r.next()
		if !ok {
			t.Fatal("the stream ended")
		}
		var info struct{ SessionID, Title string }
		if err := json.Unmarshal(data, &info); err != nil {
			t.Fatal(err)
		}
		if info.SessionID == created.SessionID && info.Title == "made up" {
			return
		}
	}
}

// A silent stream shows that it lives.
func TestHeartbeat(t *testing.T) {
	l := newLab(t, func(o *httpbridge.Options) { o.Heartbeat = time.Millisecond })
	l.create("s")
	r := l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"})
	for r.comments < 3 {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line, ":") {
			r.comments++
		}
	}
	l.ask(request{verb: "POST", path: "/v1/sessions/s/messages", body: message("flood 2000 50")})
	events := l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"}).until(universal.TypeTurnEnded)
	if err := universal.CheckStream(events); err != nil {
		t.Error(err)
	}
}

// Readers that don't read hold up nobody, and miss nothing when they do.
func TestStalledReaders(t *testing.T) {
	l := newLab(t, nil)
	l.create("s")
	const count = 20_000
	var stalled []*reader
	for range 3 {
		stalled = append(stalled, l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"}))
	}
	var live sync.WaitGroup
	for range 3 {
		r := l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"})
		live.Go(func() { r.until(universal.TypeTurnEnded) })
	}
	l.ask(request{verb: "POST", path: "/v1/sessions/s/messages", body: message("flood %d 200", count)})
	live.Wait() // all of it, while the others don't read
	for _, r := range stalled {
		next := uint64(1)
		for {
			id, data, ok := r.next()
			if !ok || id != next {
				t.Fatalf("event %d came after %d", id, next-1)
			}
			next++
			if strings.Contains(string(data), `"type":"turn.ended"`) {
				break
			}
		}
		if next < count {
			t.Errorf("only %d events", next)
		}
	}
}

// The end of the server is seen in the streams, and holds up nobody.
func TestShutdown(t *testing.T) {
	l := newLab(t, nil)
	l.create("s")
	r := l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"})
	r.until(universal.TypeSessionStarted)
	deaf := l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"})
	l.ask(request{verb: "POST", path: "/v1/sessions/s/messages", body: message("flood 100000 200")})
	idle, err := net.Dial("tcp", strings.TrimPrefix(l.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	rest := make(chan []universal.Event, 1)
	go func() { rest <- r.until(universal.TypeSessionEnded) }()
	l.stop()
	if events := <-rest; events[len(events)-1].Type != universal.TypeSessionEnded {
		t.Error("the reader didn't see the end of the session")
	}
	if _, err := io.Copy(io.Discard, deaf.resp.Body); err == nil {
		// Whether it got all depends on the buffers in between.
		t.Log("the deaf reader got everything")
	}
}
