package session_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
)

// Whoever follows a session gets its end even if it is forgotten at once. Who
// doesn't read is not waited for any longer than a little while.
func TestForgottenWhileFollowed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		pause time.Duration // before it is read
		gone  bool
	}{
		{"at once", 0, false},
		{"a little later", 4 * time.Second, false},
		{"much later", 6 * time.Second, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newManager(t, session.ManagerOptions{})
				s, err := m.Create(t.Context(), session.CreateOptions{SessionID: "s", Agent: "mock"})
				if err != nil {
					t.Fatal(err)
				}
				cursor, done := s.Cursor(0), s.Follow()
				if err := m.Delete(t.Context(), "s"); err != nil {
					t.Fatal(err)
				}
				if _, err := m.Create(t.Context(), session.CreateOptions{SessionID: "s", Agent: "mock"}); err != nil {
					t.Errorf("the id is not free: %v", err)
				}
				time.Sleep(tt.pause)
				var last []byte
				for err == nil {
					var records eventlog.Records
					records, err = cursor.Next(t.Context())
					for r := range records.All() {
						last = r.Head
					}
				}
				if ended := bytes.Contains(last, []byte(`"session.ended"`)); ended == tt.gone || !errors.Is(err, eventlog.ErrDeleted) {
					t.Errorf("the last event is %s, then %v", last, err)
				}
				done()
				synctest.Wait()
				if _, err := s.Events(0, 1); err == nil {
					t.Error("the events are kept")
				}
			})
		})
	}
}
