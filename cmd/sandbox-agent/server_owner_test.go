package main

import (
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
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
	url, drained := listening(t, cmd)
	created, err := http.Post(url+"/v1/sessions/s", "application/json", strings.NewReader(`{"agent":"mock"}`))
	if err != nil {
		t.Fatal(err)
	}
	created.Body.Close()
	events, err := http.Get(url + "/v1/sessions/s/events/sse")
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
