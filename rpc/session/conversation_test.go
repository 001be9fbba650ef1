package session_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// A conversation is open in one session at a time.
func TestResumeOpenConversation(t *testing.T) {
	m := newManager(t, session.ManagerOptions{})
	first := newTalk(t, m, session.CreateOptions{SessionID: "first"})
	first.ask("hello")
	native := first.Info(false).NativeSessionID

	_, err := m.Create(t.Context(), session.CreateOptions{SessionID: "second", Agent: "mock", Resume: string(native)})
	wantKind(t, err, universal.KindInvalidRequest)
	if !strings.Contains(err.Error(), "session first") {
		t.Errorf("the error is %q, want one that names the session", err)
	}
	if _, err := m.Get("second"); universal.KindOf(err) != universal.KindSessionNotFound {
		t.Errorf("the session that was refused is there: %v", err)
	}
	first.ask("recall") // it goes on

	if err := first.Terminate(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := newTalk(t, m, session.CreateOptions{SessionID: "second", Resume: string(native)})
	second.ask("recall")
}

// Of those who want to go on with it at the same time, one may.
func TestResumeAtOnce(t *testing.T) {
	m := newManager(t, session.ManagerOptions{})
	first := newTalk(t, m, session.CreateOptions{})
	first.ask("hello")
	native := string(first.Info(false).NativeSessionID)
	if err := first.Terminate(t.Context()); err != nil {
		t.Fatal(err)
	}
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = m.Create(t.Context(), session.CreateOptions{Agent: "mock", Resume: native})
		})
	}
	wg.Wait()
	opened := 0
	for _, err := range errs {
		if err == nil {
			opened++
			continue
		}
		wantKind(t, err, universal.KindInvalidRequest)
	}
	if opened != 1 || len(m.List()) != 2 {
		t.Errorf("%d sessions have the conversation open, and %d are listed", opened, len(m.List()))
	}
}
