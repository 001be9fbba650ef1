package claude

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// deafAgent stops reading after a while: a write to it ends when it does.
type deafAgent struct {
	*fakeAgent
	hears func(line string) bool
}

func (d *deafAgent) Write(line []byte) error {
	if !d.hears(string(line)) {
		<-d.done
		return process.ErrExited
	}
	return d.fakeAgent.Write(line)
}

func startDeaf(t *testing.T, hears func(line string) bool) (*session, *deafAgent) {
	t.Helper()
	agent := &deafAgent{newFakeAgent(polite), hears}
	driver := fakeDriver(agent.fakeAgent)
	driver.opts.Launch = func(context.Context, process.Spec) (Transport, error) { return agent, nil }
	s, err := driver.Start(t.Context(), drivers.Config{Directory: t.TempDir()}, newRecorder())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s.(*session), agent
}

// Nothing waits for ever for an agent that does not read: every call ends with
// its context, an interrupt by itself, after it has killed the commands.
func TestAgentThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, agent := startDeaf(t, func(line string) bool { return strings.Contains(line, "initialize") })
		ctx, cancel := context.WithCancel(t.Context())
		sent := make(chan error)
		go func() { sent <- s.Send(ctx, drivers.Message{Text: "hi"}) }()
		synctest.Wait()
		if err := s.Interrupt(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("interrupt: %v", err)
		}
		if agent.kills != 1 {
			t.Errorf("commands were killed %d times", agent.kills)
		}
		if err := s.Update(t.Context(), drivers.Settings{Title: "A title"}); universal.KindOf(err) != universal.KindTimeout {
			t.Errorf("update: %v", err)
		}
		cancel()
		if err := <-sent; !errors.Is(err, context.Canceled) {
			t.Errorf("send: %v", err)
		}
	})
}

// The CLI takes a change and never answers.
func TestUpdateIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := startFake(t, drivers.Config{Directory: t.TempDir()}, func(line string) []string {
			if strings.Contains(line, "set_model") {
				return nil
			}
			return polite(line)
		})
		if err := s.Update(t.Context(), drivers.Settings{Model: "haiku"}); universal.KindOf(err) != universal.KindTimeout {
			t.Errorf("update: %v", err)
		}
	})
}

// An agent that asks and asks without reading the answers does not make the
// bridge grow.
func TestRefusalsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, agent := startDeaf(t, func(line string) bool { return strings.Contains(line, "initialize") })
		for i := range 4 * maxRefusals {
			agent.printed <- fmt.Sprintf(`{"type":"control_request","request_id":"q%d","request":{"subtype":"something_new"}}`, i)
		}
		synctest.Wait()
		if n := len(s.refuses); n != maxRefusals {
			t.Errorf("%d refusals wait, want %d", n, maxRefusals)
		}
	})
}

func TestSteerNeedsATurn(t *testing.T) {
	s, agent, _ := startFake(t, drivers.Config{Directory: t.TempDir()}, polite)
	err := s.Send(t.Context(), drivers.Message{Text: "and", Steer: true})
	if universal.KindOf(err) != universal.KindInvalidRequest {
		t.Errorf("error %v", err)
	}
	if lines := agent.lines(); len(lines) != 1 {
		t.Errorf("written: %v", lines)
	}
	// It must not count as a message that is under way.
	if err := s.Interrupt(t.Context()); err != nil || agent.kills != 0 {
		t.Errorf("interrupt of nothing: %v, %d kills", err, agent.kills)
	}
}

// What was steered into a turn and the tasks that it has launched go with it;
// those of earlier turns stay.
func TestInterruptTakesAllOfTheTurn(t *testing.T) {
	ids := 0
	agent := newFakeAgent(polite)
	driver := fakeDriver(agent)
	driver.opts.NewID = func() string { ids++; return fmt.Sprintf("00000000-0000-4000-8000-%012d", ids) }
	r := newRecorder()
	started, err := driver.Start(t.Context(), drivers.Config{Directory: t.TempDir()}, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := started.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s := started.(*session)
	background := func(task string) {
		agent.printed <- `{"type":"system","subtype":"task_started","task_id":"` + task + `","tool_use_id":"t","is_backgrounded":true}`
		event(t, r, 1, func(_ universal.EventType, d *universal.ItemData) bool {
			return d.Item.ItemID == "task:"+task+":started"
		})
	}
	send := func(text string, steer bool) {
		if err := s.Send(t.Context(), drivers.Message{Text: text, Steer: steer}); err != nil {
			t.Fatal(err)
		}
	}
	send("one", false)
	agent.printed <- initFor("00000000-0000-4000-8000-000000000002")
	background("early")
	agent.printed <- resultFor("", "00000000-0000-4000-8000-000000000002")
	event[*universal.TurnEndedData](t, r, 1, nil)
	send("two", false)
	agent.printed <- initFor("00000000-0000-4000-8000-000000000003")
	background("late")
	send("three", true)
	before := len(agent.lines())
	if err := s.Interrupt(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range agent.lines()[before:] {
		_, request, _ := strings.Cut(line, `"request":`)
		got = append(got, strings.TrimSuffix(request, "}"))
	}
	want := []string{`{"subtype":"stop_task","task_id":"late"}`, `{"subtype":"interrupt","cancel_queued":true}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// Whoever asks for models at the same time shares one start of the agent.
func TestModelsStartOnce(t *testing.T) {
	program := filepath.Join(t.TempDir(), "claude")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	var starts atomic.Int64
	driver := fakeDriver(nil)
	driver.opts.Locate = func() (string, error) { return program, nil }
	driver.opts.Launch = func(context.Context, process.Spec) (Transport, error) {
		starts.Add(1)
		return newFakeAgent(polite), nil
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if models, err := driver.Models(t.Context()); err != nil || models.DefaultModel != "default" {
				t.Errorf("models %+v, error %v", models, err)
			}
		})
	}
	all.Wait()
	if starts.Load() != 1 {
		t.Errorf("the agent was started %d times", starts.Load())
	}
}
