package session_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Whoever goes through the list and deletes what it shows, or meets others who
// make and delete sessions, sees each one that was there once.
func TestListUnderChange(t *testing.T) {
	m := newManager(t, session.ManagerOptions{})
	for i := range 7 {
		newTalk(t, m, session.CreateOptions{SessionID: fmt.Sprint("old", i)})
	}
	var seen []string
	for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
		page, err := m.ListInfo("", 2, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range page.Sessions {
			seen = append(seen, info.SessionID)
			if err := m.Delete(t.Context(), info.SessionID); err != nil {
				t.Fatal(err)
			}
		}
		newTalk(t, m, session.CreateOptions{})
		cursor = page.NextCursor
	}
	if want := []string{"old6", "old5", "old4", "old3", "old2", "old1", "old0"}; !slices.Equal(seen, want) {
		t.Errorf("listed %v, want %v", seen, want)
	}
	_, err := m.ListInfo("", 2, "old3")
	wantKind(t, err, universal.KindInvalidRequest)
}

// Several clients that delete a session at once forget it once.
func TestDeleteTwiceAtOnce(t *testing.T) {
	m := newManager(t, session.ManagerOptions{})
	k := newTalk(t, m, session.CreateOptions{SessionID: "s"})
	done := k.Follow()
	k.ask("echo x")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := m.Delete(t.Context(), "s"); err != nil && universal.KindOf(err) != universal.KindSessionNotFound {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	done()
	if got := m.Stats().Events; got != k.Head() {
		t.Errorf("%d events were ever recorded, want %d", got, k.Head())
	}
}
