package httpbridge_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// frame is one event as it is on the wire, without the line ends.
type frame struct {
	id   uint64
	data []byte
}

// stream is a connection that a stream of events is read from, as lean as it
// can be, so that tests can read very many.
type stream struct {
	conn   net.Conn
	answer io.Reader     // the body of the response
	buf    *bufio.Reader // of the connection
	body   *bufio.Reader // of the answer
}

// stream asks for a session's events by a connection of its own. The buffers
// of another stream, which is over, may be used again.
func (l *lab) stream(used *stream, path string, header string) (*stream, error) {
	conn, err := l.dial()
	if err != nil {
		return nil, err
	}
	if used == nil {
		used = &stream{buf: bufio.NewReaderSize(nil, 32<<10), body: bufio.NewReaderSize(nil, 32<<10)}
	}
	used.conn = conn
	used.buf.Reset(conn)
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, header); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	resp, err := http.ReadResponse(used.buf, nil)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	used.answer = resp.Body
	used.body.Reset(used.answer)
	return used, nil
}

// next returns the next event, whose data is valid until the next call.
func (s *stream) next() (frame, error) {
	var f frame
	for {
		line, err := s.body.ReadSlice('\n')
		if err == io.EOF || err == nil && len(line) == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return f, err
		}
		line = line[:len(line)-1]
		if digits, ok := bytes.CutPrefix(line, []byte("id: ")); ok {
			if f.id, err = strconv.ParseUint(string(digits), 10, 64); err != nil {
				return f, err
			}
		} else if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
			f.data = data
			return f, nil // the empty line that follows is left out by the next call
		} else if len(line) > 0 && line[0] != ':' {
			return f, fmt.Errorf("unexpected line %q", line)
		}
	}
}

// endsTurn tells whether an event is the end of a turn. Its type is among the
// first members.
func (f frame) endsTurn() bool {
	return bytes.Contains(f.data[:min(len(f.data), 300)], []byte(`"type":"turn.ended"`))
}

// recorded fills a session with a turn and returns its events.
func (l *lab) recorded(id, command string) [][]byte {
	l.t.Helper()
	l.create(id)
	l.must("POST", "/v1/sessions/"+id+"/messages", message("%s", command), nil)
	s, err := l.stream(nil, "/v1/sessions/"+id+"/events/sse", "")
	if err != nil {
		l.t.Fatal(err)
	}
	defer s.conn.Close()
	var all [][]byte
	for {
		f, err := s.next()
		if err != nil || f.id != uint64(len(all)+1) {
			l.t.Fatalf("after event %d: %d, %v", len(all), f.id, err)
		}
		all = append(all, bytes.Clone(f.data))
		if f.endsTurn() {
			return all
		}
	}
}

// A client that comes back at any index of a long session reads on there.
func TestReconnectAtEveryIndex(t *testing.T) {
	events, read := 10_000, 100
	if testing.Short() || raceEnabled {
		events = 500
	}
	l := startLab(t, setup{inMemory: true})
	all := l.recorded("s", fmt.Sprintf("flood %d 20", events))
	for _, tt := range []struct {
		name  string
		every int
		ask   func(seen int) (query, header string)
	}{
		// It beats an offset, which is what the page first asked with.
		{"Last-Event-ID", 1, func(seen int) (string, string) {
			return "?offset=0", fmt.Sprintf("Last-Event-ID: %d\r\n", seen)
		}},
		{"offset", 7, func(seen int) (string, string) { return fmt.Sprintf("?offset=%d", seen), "" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var next atomic.Int64
			var readers sync.WaitGroup
			for range runtime.GOMAXPROCS(0) {
				readers.Go(func() {
					var s *stream
					var err error
					for {
						seen := (int(next.Add(1)) - 1) * tt.every
						if seen >= len(all) || t.Failed() {
							return
						}
						query, header := tt.ask(seen)
						if s, err = l.stream(s, "/v1/sessions/s/events/sse"+query, header); err != nil {
							t.Errorf("after event %d: %v", seen, err)
							return
						}
						for at := seen; at < min(seen+read, len(all)); at++ {
							f, err := s.next()
							if err != nil || f.id != uint64(at+1) || !bytes.Equal(f.data, all[at]) {
								t.Errorf("after event %d, event %d came as %d: %s, %v", seen, at+1, f.id, f.data, err)
								break
							}
						}
						s.conn.Close()
					}
				})
			}
			readers.Wait()
		})
	}
}

// A client that is cut again and again, anywhere within what it is sent, ends
// with every event once.
func TestCutDuringAFlood(t *testing.T) {
	cuts, events := 1000, 100_000
	if testing.Short() || raceEnabled {
		cuts, events = 50, 5000
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	l := startLab(t, setup{inMemory: true})
	l.create("s")
	l.must("POST", "/v1/sessions/s/messages", message("flood %d 25", events), nil)

	seen, over := uint64(0), false
	cutAfter := events * 300 / cuts // bytes, so that there are enough of them
	var s *stream
	var err error
	take := func() {
		s, err = l.stream(s, "/v1/sessions/s/events/sse", fmt.Sprintf("Last-Event-ID: %d\r\n", seen))
		if err != nil {
			t.Fatal(err)
		}
		defer s.conn.Close()
		if cuts > 0 {
			s.body.Reset(io.LimitReader(s.answer, int64(random.IntN(cutAfter))))
		}
		for !over {
			f, err := s.next()
			if errors.Is(err, io.ErrUnexpectedEOF) && cuts > 0 {
				cuts--
				return
			}
			if err != nil || f.id != seen+1 {
				t.Fatalf("after event %d came %d, %v", seen, f.id, err)
			}
			seen, over = f.id, f.endsTurn()
		}
	}
	for !over {
		take()
	}
	if cuts > 0 {
		t.Errorf("the flood was over %d cuts too early", cuts)
	}
	// What came once is all there is.
	var info struct{ EventCount uint64 }
	l.must("GET", "/v1/sessions/s", "", &info)
	if info.EventCount != seen || seen < uint64(events) {
		t.Errorf("%d events came, %d are recorded", seen, info.EventCount)
	}
}

// Of a hundred readers ten stall. The others get everything meanwhile, the ten
// when they wake, and what waits for them takes no memory.
func TestHundredReaders(t *testing.T) {
	const readers, stalled, mostGrown = 100, 10, 48 << 20
	events := 200_000
	if testing.Short() || raceEnabled {
		events = 5000
	}
	l := newLab(t, nil)
	l.create("s")
	before := liveHeap()
	var live sync.WaitGroup
	all := func(s *stream) {
		defer s.conn.Close()
		for seen := uint64(0); ; seen++ {
			f, err := s.next()
			if err != nil || f.id != seen+1 {
				t.Errorf("after event %d came %d, %v", seen, f.id, err)
				return
			}
			if f.endsTurn() {
				if f.id < uint64(events) {
					t.Errorf("there were only %d events", f.id)
				}
				return
			}
		}
	}
	var asleep []*stream
	for i := range readers {
		s, err := l.stream(nil, "/v1/sessions/s/events/sse", "")
		if err != nil {
			t.Fatal(err)
		}
		if i < stalled {
			asleep = append(asleep, s)
		} else {
			live.Go(func() { all(s) })
		}
	}
	sent := l.ask(request{verb: "POST", path: "/v1/sessions/s/messages", body: message("flood %d 20", events)})
	if sent.status != 204 {
		t.Fatalf("send: %d %s", sent.status, sent.body)
	}
	live.Wait()
	if grown := liveHeap() - before; grown > mostGrown {
		t.Errorf("%d MB are held while ten readers stall", grown>>20)
	}
	for _, s := range asleep {
		live.Go(func() { all(s) })
	}
	live.Wait()
	if grown := liveHeap() - before; grown > mostGrown {
		t.Errorf("%d MB are held after the flood", grown>>20)
	}
	var info struct{ Status string }
	if l.must("GET", "/v1/sessions/s", "", &info); info.Status != "idle" {
		t.Errorf("the session is %s", info.Status)
	}
}

// liveHeap is the memory that is in use, in bytes.
func liveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
