package httpbridge_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sandbox-agent/sandbox-agent/httpbridge"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// A turn of forty minutes is cut by nothing, whichever way it is followed, and
// what is silent meanwhile shows that it lives.
func TestFortyMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pauses, every = 40, time.Minute
		l := startLab(t, setup{inMemory: true})
		l.create("s")
		begun := time.Now()
		session := l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"})
		turn := l.open(request{
			verb: "POST", path: "/v1/sessions/s/messages/stream", body: message("slow %d %d", pauses+1, every/time.Millisecond),
		})
		all := l.open(request{verb: "GET", path: "/v1/sessions/sse"})
		idle := l.wire("GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
		idle.answer()

		readers := map[string]*reader{"session": session, "turn": turn}
		seen := map[string][]universal.Event{}
		var mu sync.Mutex // guards seen
		var reading sync.WaitGroup
		for name, r := range readers {
			reading.Go(func() {
				events := r.until(universal.TypeTurnEnded)
				mu.Lock()
				defer mu.Unlock()
				seen[name] = events
			})
		}
		reading.Wait()
		for name, events := range seen {
			r, deltas := readers[name], 0
			for _, ev := range events {
				if ev.Type == universal.TypeItemDelta {
					deltas++
				}
			}
			if deltas != pauses+1 {
				t.Errorf("%s: %d deltas came", name, deltas)
			}
			if took := events[len(events)-1].Time.Sub(events[0].Time); took < pauses*every {
				t.Errorf("%s: the turn took %v", name, took)
			}
			// After every quarter of a minute in which nothing came, the last
			// of which may be the moment of the next delta.
			if want := pauses * 3; r.comments < want || r.comments > want+pauses {
				t.Errorf("%s: %d comments came, want %d or some more", name, r.comments, want)
			}
		}
		if took := time.Since(begun); took < pauses*every || took > (pauses+1)*every {
			t.Errorf("it took %v", took)
		}
		if _, ok := turn.event(); ok {
			t.Error("the turn's stream goes on after it")
		}
		if _, _, ok := all.next(); !ok {
			t.Error("the summaries ended")
		}
		// An idle connection, in contrast, was given up.
		idle.wantOver()
		l.stop()
	})
}

// A call that waits for long is answered all the same.
func TestLongCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const wait = 10 * time.Minute
		l := startLab(t, setup{inMemory: true})
		dir := t.TempDir()
		l.must("POST", "/v1/sessions/s", fmt.Sprintf(`{"agent":"mock","directory":%q}`, dir), nil)
		// An upload whose pieces come late, but come.
		body, in := io.Pipe()
		go func() { // ends with the upload
			for range 10 {
				time.Sleep(wait / 20)
				if _, err := in.Write(make([]byte, 128<<10)); err != nil {
					break
				}
			}
			in.Close()
		}()
		req, err := http.NewRequestWithContext(t.Context(), "PUT", l.url+"/v1/fs/file?sessionId=s&path=f", body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := l.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if info, err := os.Stat(filepath.Join(dir, "f")); err != nil || info.Size() != 1280<<10 || resp.StatusCode != 200 {
			t.Errorf("%d, %v, %v", resp.StatusCode, info, err)
		}
		l.stop()
	})
}

// Who sends a request so slowly that it never ends is given up, and holds up
// nobody meanwhile.
func TestSlowRequests(t *testing.T) {
	const create = "POST /v1/sessions/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	for name, tt := range map[string]struct {
		begin, drop string
		status      int // of the answer before the end; 0 for none
		within      time.Duration
	}{
		"nothing":         {"", "", 0, 10 * time.Second},
		"half a line":     {"GET /v1/he", "", 0, 10 * time.Second},
		"header by drops": {"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: ", "x", 0, 10 * time.Second},
		"endless header":  {"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n", "X: x\r\n", 0, 10 * time.Second},
		"no body":         {create + "Content-Length: 100\r\n\r\n", "", 400, time.Minute},
		"body by drops":   {create + "Content-Length: 1000000\r\n\r\n{", " ", 400, time.Minute},
		"endless chunks":  {create + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", "1\r\n \r\n", 400, time.Minute},
		"file by drops":   {"PUT /v1/fs/file?sessionId=s&path=f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n", "x", 400, time.Minute},
		"refused, no body": {
			"POST /v1/nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n", "", 404, time.Minute,
		},
		"idle": {"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n", "", 200, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := startLab(t, setup{inMemory: true})
				dir := t.TempDir()
				l.must("POST", "/v1/sessions/s", fmt.Sprintf(`{"agent":"mock","directory":%q}`, dir), nil)
				begun := time.Now()
				w := l.wire(tt.begin)
				dropped := make(chan struct{})
				go func() { // ends when the server closes
					defer close(dropped)
					for tt.drop != "" {
						if _, err := io.WriteString(w.conn, tt.drop); err != nil {
							return
						}
						time.Sleep(time.Second / 2)
					}
				}()
				if tt.status != 0 {
					if got := w.answer(); got.status != tt.status {
						t.Errorf("%d %s, want %d", got.status, got.body, tt.status)
					}
				}
				l.must("GET", "/v1/sessions/s", "", nil) // others are served
				rest, _ := io.ReadAll(w.buf)
				if len(rest) > 0 && tt.status != 0 {
					t.Errorf("more came: %q", rest)
				}
				// A second more for what is read before it is thrown away.
				if took := time.Since(begun); took > tt.within+time.Second {
					t.Errorf("the connection was held for %v", took)
				}
				<-dropped
				if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
					t.Errorf("half an upload is left: %v, %v", left, err)
				}
				l.stop()
			})
		})
	}
}

// Who doesn't read an answer is given up; who reads slowly gets all of it.
func TestSlowReaders(t *testing.T) {
	const size = 4 << 20
	lab := func(t *testing.T) *lab {
		l := startLab(t, setup{inMemory: true})
		dir := t.TempDir()
		l.must("POST", "/v1/sessions/s", fmt.Sprintf(`{"agent":"mock","directory":%q}`, dir), nil)
		if err := os.WriteFile(filepath.Join(dir, "f"), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		l.must("POST", "/v1/sessions/s/messages", message("flood 40 50000"), nil)
		r := l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"})
		r.until(universal.TypeTurnEnded)
		r.resp.Body.Close()
		return l
	}
	for name, path := range map[string]string{
		"answer":   "/v1/sessions/s/events",
		"download": "/v1/fs/file?sessionId=s&path=f",
	} {
		for pause, whole := range map[time.Duration]bool{20 * time.Second: true, 2 * time.Minute: false} {
			t.Run(fmt.Sprint(name, " ", pause), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := lab(t)
					w := l.wire("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
					resp, err := http.ReadResponse(w.buf, nil)
					if err != nil {
						t.Fatal(err)
					}
					defer resp.Body.Close()
					read := int64(0)
					for err == nil {
						time.Sleep(pause)
						var n int64
						n, err = io.CopyN(io.Discard, resp.Body, 64<<10)
						read += n
					}
					if read == 0 || (read == resp.ContentLength) != whole {
						t.Errorf("%d of %d bytes came, %v", read, resp.ContentLength, err)
					}
					l.stop()
				})
			})
		}
	}
	t.Run("many requests, no answer read", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := startLab(t, setup{inMemory: true})
			begun := time.Now()
			w := l.wire("")
			var err error
			for range 1000 {
				if _, err = io.WriteString(w.conn, strings.Repeat("GET /v1/sessions HTTP/1.1\r\nHost: localhost\r\n\r\n", 100)); err != nil {
					break
				}
			}
			if took := time.Since(begun); err == nil || took > 2*time.Minute {
				t.Errorf("after %v: %v", took, err)
			}
			l.stop()
		})
	})
}

// Readers of events, in contrast, may stall for as long as they like.
func TestStalledForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startLab(t, setup{inMemory: true})
		l.create("s")
		r := l.open(request{verb: "GET", path: "/v1/sessions/s/events/sse"})
		l.must("POST", "/v1/sessions/s/messages", message("flood 1000 200"), nil)
		time.Sleep(time.Hour)
		if err := universal.CheckStream(r.until(universal.TypeTurnEnded)); err != nil {
			t.Error(err)
		}
		l.stop()
	})
}

// A client that asks before it sends a large body isn't made to send one that
// is refused.
func TestExpectContinue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startLab(t, setup{inMemory: true, options: func(o *httpbridge.Options) { o.Token = "secret" }})
		file := filepath.Join(t.TempDir(), "f")
		put := "PUT /v1/fs/file?path=" + url.QueryEscape(file) + " HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n"
		w := l.wire(put + "Authorization: Bearer wrong\r\n\r\n")
		wantProblem(t, w.answer(), universal.KindTokenInvalid)
		w.wantOver()

		w = l.wire(put + "Authorization: Bearer secret\r\n\r\n")
		if got := w.answer(); got.status != http.StatusContinue {
			t.Fatalf("%d %s", got.status, got.body)
		}
		w.write("hello")
		if got := w.answer(); got.status != 200 {
			t.Errorf("%d %s", got.status, got.body)
		}
		if text, err := os.ReadFile(file); string(text) != "hello" {
			t.Errorf("%q, %v", text, err)
		}
		l.stop()
	})
}

// What is in flight when the server ends is answered, or told that it ends.
func TestEndDuringCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startLab(t, setup{inMemory: true})
		l.create("s")
		r := l.open(request{verb: "POST", path: "/v1/sessions/s/messages/stream", body: message("wait")})
		r.until(universal.TypeItemCompleted)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.until(universal.TypeTurnEnded)
		}()
		begun := time.Now()
		l.stop()
		<-ended
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("the end took %v", took)
		}
	})
}
