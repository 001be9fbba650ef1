package drivertest_test

import (
	"context"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// TestLimitedDriver runs the suite for a driver that can do little and says
// so: it must pass by refusing.
func TestLimitedDriver(t *testing.T) {
	s := mockSubject(func(d drivers.Driver) drivers.Driver { return limited{d} })
	s.Prompts.Steerable, s.Prompts.Recall, s.Prompts.Background, s.Prompts.Plan = "", "", "", ""
	drivertest.Run(t, s)
}

type limited struct{ drivers.Driver }

func (d limited) Info() drivers.Info {
	info := d.Driver.Info()
	c := &info.Capabilities
	c.Interrupt, c.Steer, c.Resume, c.ModeSwitch, c.ModelSwitch, c.SystemPrompt, c.Skills = false, false, false, false, false, false, false
	c.StructuredAttachments, c.BackgroundTasks, c.Plan, c.MCPTools = false, false, false, false
	return info
}

func refuse(what string) error { return universal.NotSupported(mock.ID, what) }

func (d limited) Check(ctx context.Context, cfg *drivers.Config) error {
	switch {
	case cfg.Resume != "":
		return refuse("resume")
	case cfg.SystemPrompt != "":
		return refuse("a system prompt")
	case len(cfg.Skills) > 0:
		return refuse("skills")
	case len(cfg.MCP) > 0:
		return refuse("MCP servers")
	}
	return d.Driver.Check(ctx, cfg)
}

func (d limited) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	if err := d.Check(ctx, &cfg); err != nil {
		return nil, err
	}
	s, err := d.Driver.Start(ctx, cfg, sink)
	if err != nil {
		return nil, err
	}
	return limitedSession{s}, nil
}

type limitedSession struct{ drivers.Session }

func (s limitedSession) Interrupt(context.Context) error { return refuse("interrupt") }
func (s limitedSession) Update(context.Context, drivers.Settings) error {
	return refuse("changes of a session")
}

func (s limitedSession) Send(ctx context.Context, msg drivers.Message) error {
	if msg.Steer {
		return refuse("steering")
	}
	return s.Session.Send(ctx, msg)
}
