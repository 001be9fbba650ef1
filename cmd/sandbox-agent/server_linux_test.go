package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// post sends a JSON body and wants it to be accepted.
func post(t *testing.T, url, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("POST %s: %d %s", url, resp.StatusCode, text)
	}
	return resp
}

// While thousands hold connections and do nothing with them, others are served.
func TestTenThousandConnections(t *testing.T) {
	const most, mostEach = 10_000, 64 << 10 * shadow
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	count := min(most, int(min(files.Cur, 1<<20))-500)
	url, server := startServer(t, t.TempDir())
	before := residentBytes(t, server.Process.Pid)
	kinds := []string{
		"",                            // silent
		"GET /v1/health HTTP/1.1\r\n", // half a header
		"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n",                                                                       // waits for its next request
		"PUT /v1/fs/file?path=/nowhere/at/all HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n", // half a request
	}
	for i := range count {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatalf("connection %d of %d: %v", i, count, err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, kinds[i%len(kinds)]); err != nil {
			t.Fatal(err)
		}
	}
	post(t, url+"/v1/sessions/s", `{"agent":"mock"}`)
	for range 10 {
		stream := post(t, url+"/v1/sessions/s/messages/stream", `{"message":"hello"}`)
		if text, err := io.ReadAll(stream.Body); err != nil || !strings.Contains(string(text), `"turn.ended"`) {
			t.Fatalf("%q, %v", text, err)
		}
	}
	grown := residentBytes(t, server.Process.Pid) - before
	t.Logf("%d connections take %d KB each", count, grown/count>>10)
	if grown > count*mostEach {
		t.Errorf("%d connections take %d MB", count, grown>>20)
	}
}

// residentBytes is what a process has in memory now.
func residentBytes(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

// A turn that takes a minute, or as long as SANDBOX_AGENT_TEST_STALL says, such
// as 40m, is cut by nothing, whichever way it is followed. It costs no more than
// waiting, beside the other tests.
func TestLongTurn(t *testing.T) {
	t.Parallel()
	const pieces, longestPause = 3, time.Minute
	long := time.Minute
	if text := os.Getenv(stallVariable); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	pause := min(long/(pieces-1), longestPause)
	url, _ := startServer(t, t.TempDir())
	post(t, url+"/v1/sessions/s", `{"agent":"mock"}`)
	session, err := http.Get(url + "/v1/sessions/s/events/sse")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Body.Close()
	begun := time.Now()
	turn := post(t, url+"/v1/sessions/s/messages/stream", fmt.Sprintf(`{"message":"slow %d %d"}`, pieces, pause.Milliseconds()))
	var reading sync.WaitGroup
	for name, resp := range map[string]*http.Response{"session": session, "turn": turn} {
		reading.Go(func() {
			deltas, comments := 0, 0
			for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
				data, isData := strings.CutPrefix(lines.Text(), "data: ")
				if !isData {
					comments += strings.Count(lines.Text()[:min(1, len(lines.Text()))], ":")
					continue
				}
				var event struct{ Type string }
				if err := json.Unmarshal([]byte(data), &event); err != nil {
					t.Error(err)
				}
				switch event.Type {
				case "item.delta":
					deltas++
				case "turn.ended":
					took := time.Since(begun)
					if deltas != pieces || took < pause*(pieces-1) || comments < int(pause/(15*time.Second)*(pieces-1))-pieces {
						t.Errorf("%s: %d deltas and %d comments in %v", name, deltas, comments, took)
					}
					return
				}
			}
			t.Errorf("%s: the stream was cut after %v, %d deltas", name, time.Since(begun), deltas)
		})
	}
	reading.Wait()
}
