package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// A server that was told to ends with whoever holds its stdin, and its sessions
// end in order.
func TestServerEndsWithItsOwner(t *testing.T) {
	t.Parallel()
	cmd := program(t, "server", "--port", "0", "--end-with-stdin")
	owner, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	wantOrderlyEnd(t, cmd, func() error {
		_, err := io.WriteString(owner, "what is said there does not matter\n")
		return errors.Join(err, owner.Close())
	})
}

// wantOrderlyEnd starts a server and ends it: who reads a session then sees its
// end, and the server has not failed.
func wantOrderlyEnd(t *testing.T, cmd *exec.Cmd, end func() error) {
	t.Helper()
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(log)
	first, err := lines.ReadBytes('\n')
	var listening struct{ URL string }
	if err != nil || json.Unmarshal(first, &listening) != nil || listening.URL == "" {
		t.Fatalf("the server says %q, %v", first, err)
	}
	var drained sync.WaitGroup
	drained.Go(func() { _, _ = io.Copy(io.Discard, lines) }) // ends with the server
	created, err := http.Post(listening.URL+"/v1/sessions/s", "application/json", strings.NewReader(`{"agent":"mock"}`))
	if err != nil {
		t.Fatal(err)
	}
	created.Body.Close()
	events, err := http.Get(listening.URL + "/v1/sessions/s/events/sse")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	if err := end(); err != nil {
		t.Fatal(err)
	}
	stream, err := io.ReadAll(events.Body)
	if err != nil || !strings.Contains(string(stream), `"session.ended"`) {
		t.Errorf("the stream is %q, %v", stream, err)
	}
	drained.Wait()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
