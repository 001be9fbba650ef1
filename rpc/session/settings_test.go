package session_test

import (
	"context"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// thorough is the mock, which takes its time to check a change of settings.
type thorough struct {
	*mock.Driver
	checking, goOn chan struct{}
}

func (d *thorough) Check(ctx context.Context, cfg *drivers.Config) error {
	if cfg.AgentMode == drivers.ModePlan {
		d.checking <- struct{}{}
		<-d.goOn
	}
	return d.Driver.Check(ctx, cfg)
}

// An agent that comes up while a change of settings is being checked gets it.
func TestUpdateMeetsAStart(t *testing.T) {
	d := &thorough{Driver: mock.New(mock.Options{}), checking: make(chan struct{}), goOn: make(chan struct{})}
	k := newTalk(t, newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{d}}), session.CreateOptions{})
	k.untilEnd(k.send("crash").TurnID)
	updated := make(chan error)
	go func() { updated <- k.Update(t.Context(), session.UpdateOptions{AgentMode: drivers.ModePlan}) }()
	<-d.checking
	k.ask("echo here again")
	close(d.goOn)
	if err := <-updated; err != nil {
		t.Fatal(err)
	}
	k.untilType(universal.TypeSessionUpdated)
	if said := k.ask("context"); !strings.Contains(said, "plan") {
		t.Errorf("the agent says: %s", said)
	}
	k.end()
}
