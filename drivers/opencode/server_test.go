package opencode

import "testing"

// A native session stays with the session that has it: one that wants to resume
// it is not tied to it, and takes none of its lines when it is given up.
func TestNativeSessionIsTiedOnce(t *testing.T) {
	srv := &server{sessions: map[string]*session{}}
	session := func() *session { return &session{srv: srv, conv: newConverter("/workspace")} }
	first, second := session(), session()
	info := []byte(`{"id":"ses_1","directory":"/workspace"}`)

	srv.startSession(first, info)
	srv.claim(first, "ses_child")
	srv.startSession(second, info)
	srv.startSession(second, []byte(`{"id":"ses_child","directory":"/workspace"}`))
	if first.native != "ses_1" || second.native != "" {
		t.Errorf("the native sessions are %q and %q", first.native, second.native)
	}
	srv.release(second)
	for _, id := range []string{"ses_1", "ses_child"} {
		if srv.sessions[id] != first {
			t.Errorf("%s is not the first session's any more", id)
		}
	}

	srv.release(first)
	third := session()
	srv.startSession(third, info)
	if srv.sessions["ses_1"] != third {
		t.Error("a native session that was left can't be resumed")
	}
}
