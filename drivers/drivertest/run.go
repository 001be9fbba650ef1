package drivertest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Run runs every case of the suite as a subtest. The cases run one after the
// other, so that a goroutine that one of them leaves behind is found; no
// parallel test may run beside them.
func Run(t *testing.T, subject Subject) {
	t.Helper()
	for _, c := range suite() {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the rule: %s", c.rule)
				}
			})
			before := goleak.IgnoreCurrent()
			t.Run("case", func(t *testing.T) { // its cleanups come before the search
				driver := subject.New(t)
				c.run(&run{T: t, subject: subject, driver: driver, can: driver.Info().Capabilities})
			})
			if err := goleak.Find(append(slices.Clip(subject.Lasting), before)...); err != nil {
				t.Errorf("goroutines are left: %v", err)
			}
		})
	}
}

// testCase is one rule and how it is checked.
type testCase struct {
	name string
	rule string
	run  func(*run)
}

// run is one case under way.
type run struct {
	*testing.T
	subject Subject
	driver  drivers.Driver
	can     drivers.Capabilities
}

// conversation is a started session with what it says.
type conversation struct {
	drivers.Session
	run *run
	rec *Recorder
	cfg drivers.Config
}

// start starts a session that is closed and checked at the end of the case.
func (r *run) start() *conversation {
	r.Helper()
	return r.startWith(r.subject.Config(r))
}

func (r *run) startWith(cfg drivers.Config) *conversation {
	r.Helper()
	rec := NewRecorder(r.subject.Timeout)
	s, err := r.driver.Start(r.Context(), cfg, rec)
	if err != nil {
		r.Fatalf("Start: %v", err)
	}
	c := &conversation{Session: s, run: r, rec: rec, cfg: cfg}
	r.Cleanup(c.finish)
	return c
}

// finish closes the session and checks all that it said.
func (c *conversation) finish() {
	if err := c.Close(context.Background()); err != nil {
		c.run.Errorf("Close: %v", err)
	}
	if n := len(c.rec.Exits()); n != 1 {
		c.run.Errorf("Exit was called %d times, want once", n)
	}
	violations := c.rec.Violations()
	for _, v := range violations {
		c.run.Errorf("violation: %s", v)
	}
	events := c.rec.Events(0)
	for _, claim := range claims() {
		if !claim.vague && !claim.flag(c.run.can) && slices.ContainsFunc(events, func(ev universal.Event) bool { return claim.shows(&ev) }) {
			c.run.Errorf("the flag %s is false, but an event shows it", claim.name)
		}
	}
	if c.run.Failed() {
		c.run.Logf("recorded:\n%s", Skeleton(events))
	}
}

// need returns a prompt, which a true flag makes necessary.
func (r *run) need(name, prompt string) string {
	r.Helper()
	if prompt == "" {
		r.Fatalf("Subject.Prompts.%s is empty, but the driver claims to be able to do it", name)
	}
	return prompt
}

func (c *conversation) send(text string) (from int) {
	c.run.Helper()
	return c.sendMessage(drivers.Message{Text: text})
}

func (c *conversation) sendMessage(msg drivers.Message) (from int) {
	c.run.Helper()
	from = c.rec.Len()
	if err := c.Send(c.run.Context(), msg); err != nil {
		c.run.Fatalf("Send %q: %v", msg.Text, err)
	}
	return from
}

// turn sends a message, allows and answers whatever is asked, and returns the
// events of the turn.
func (c *conversation) turn(text string) []universal.Event {
	c.run.Helper()
	return c.answerAll(c.send(text))
}

// answerAll goes through a turn's requests until it ends.
func (c *conversation) answerAll(from int) []universal.Event {
	c.run.Helper()
	for next := from; ; {
		var ev universal.Event
		ev, next = c.rec.Await(c.run, next, "turn.ended or a request", func(ev *universal.Event) bool {
			return ev.Type == universal.TypeTurnEnded || ev.Type == universal.TypePermissionRequested || ev.Type == universal.TypeQuestionRequested
		})
		var err error
		switch d := ev.Data.(type) {
		case *universal.TurnEndedData:
			return c.rec.Events(from)[:next-from]
		case *universal.PermissionData:
			err = c.ReplyPermission(c.run.Context(), d.PermissionID, drivers.PermissionReply{Decision: drivers.Once})
		case *universal.QuestionData:
			err = c.ReplyQuestion(c.run.Context(), d.QuestionID, drivers.QuestionReply{Answers: someAnswers(d)})
		}
		if err != nil {
			c.run.Fatalf("reply: %v", err)
		}
	}
}

// someAnswers chooses the first option of each question, or a word.
func someAnswers(d *universal.QuestionData) [][]string {
	if len(d.Questions) == 0 {
		if len(d.Options) == 0 {
			return [][]string{{"yes"}}
		}
		return [][]string{{d.Options[0]}}
	}
	answers := make([][]string, len(d.Questions))
	for i, q := range d.Questions {
		answers[i] = []string{"yes"}
		if len(q.Options) > 0 {
			answers[i] = []string{q.Options[0].Label}
		}
	}
	return answers
}

// heard checks that a text reached the agent.
func (c *conversation) heard(from int, text string) {
	c.run.Helper()
	if c.run.subject.Heard != nil {
		if !c.run.subject.Heard(c.run, text) {
			c.run.Errorf("the text %q did not reach the agent", text)
		}
		return
	}
	if said := Text(c.rec.Events(from)); !strings.Contains(said, text) {
		c.run.Errorf("the text %q did not reach the agent, which said:\n%s", text, said)
	}
}

// wantStop checks why a turn ended.
func (r *run) wantStop(ended *universal.TurnEndedData, want ...universal.StopReason) {
	r.Helper()
	if !slices.Contains(want, ended.StopReason) {
		r.Errorf("stop_reason is %q, want one of %q", ended.StopReason, want)
	}
}

// wantKind checks the kind of an error that a client is told.
func (r *run) wantKind(what string, err error, want ...universal.ErrorKind) {
	r.Helper()
	var typed *universal.Error
	if !errors.As(err, &typed) {
		r.Errorf("%s: the error is %v, want a *universal.Error of kind %q", what, err, want)
		return
	}
	if len(want) > 0 && !slices.Contains(want, typed.Kind) {
		r.Errorf("%s: the error is of kind %q (%v), want %q", what, typed.Kind, err, want)
	}
}
