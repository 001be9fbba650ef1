package opencode

import (
	"strings"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Who wants to resume a conversation that another session has open is told so,
// and the other session goes on as if nothing had happened.
func TestResumeOpenConversation(t *testing.T) {
	b := newBench(t)
	cfg := drivers.Config{Directory: t.TempDir()}
	rec := drivertest.NewRecorder(time.Minute)
	first, err := b.driver.Start(t.Context(), cfg, rec)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Resume = first.NativeID()
	_, err = b.driver.Start(t.Context(), cfg, drivertest.NewRecorder(time.Minute))
	if universal.KindOf(err) != universal.KindInvalidRequest || !strings.Contains(err.Error(), "has this conversation open") {
		t.Errorf("the second session gives %v", err)
	}
	from := rec.Len()
	if err := first.Send(t.Context(), drivers.Message{Text: "SCENARIO:text"}); err != nil {
		t.Fatal(err)
	}
	if _, ended := rec.AwaitTurnEnd(t, from); ended.StopReason != universal.StopEndTurn {
		t.Errorf("the first session's turn ended with %s", ended.StopReason)
	}
	if err := first.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
