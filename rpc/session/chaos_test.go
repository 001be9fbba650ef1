package session_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// chaosPrompts are all the ways in which an agent can behave.
var chaosPrompts = []string{
	"echo a", "markdown", "reasoning", "status", "image", "unknown", "tool", "gate ls", "gate rm -r x && ls", "edit a.txt", "diff", "mcp",
	"subagent", "background", "background hold", "background gate make", "release", "permission", "question", "ask", "propose",
	"plan", "usage", "quota", "compact", "title T", "recall", "context", "wait", "wait 2", "slow 20 1", "flood 3000 40", "flood 50 3000 raw",
	"error", "unparsed", "fail rate_limit", "stop max_tokens", "leave-open", "crash", "crash 7", "poison", "end", "demo",
	"Answer briefly and include your reasoning.", "List files in the current directory using available tools.",
}

// TestChaos runs sessions in which everything happens at random moments, and
// wants a legal stream of each: whatever an agent, a person or an accident
// does, everything that opens closes.
func TestChaos(t *testing.T) {
	runs := 1000
	if testing.Short() {
		runs = 100
	}
	m := newManager(t, session.ManagerOptions{})
	for seed := range runs {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { chaos(t, m, uint64(seed)) }) {
			t.Fatalf("seed %d", seed)
		}
	}
}

func chaos(t *testing.T, m *session.Manager, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	modes := drivers.PermissionModes()
	k := newTalk(t, m, session.CreateOptions{PermissionMode: modes[random.IntN(len(modes))], IdleTimeoutMS: int64(random.IntN(3))})
	var people sync.WaitGroup
	for range 3 {
		own := rand.New(rand.NewPCG(seed, random.Uint64()))
		people.Go(func() { person(t, k.Session, own) })
	}
	people.Wait()
	all := k.end()
	ended := map[universal.NullString]int{}
	for _, ev := range all {
		if ev.Type == universal.TypeTurnEnded {
			ended[ev.TurnID]++
		}
	}
	for id, n := range ended {
		if n != 1 {
			t.Errorf("turn %s ended %d times", id, n)
		}
	}
	if err := m.Delete(t.Context(), k.ID()); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		for _, ev := range all {
			b, _ := ev.MarshalJSON()
			t.Logf("%.300s", b)
		}
	}
}

// person does a few things at random. What is refused is refused with a typed
// error.
func person(t *testing.T, s *session.Session, random *rand.Rand) {
	busy := []session.BusyPolicy{"", session.BusyQueue, session.BusyReject, session.BusyInterrupt, session.BusySteer}
	for range 4 + random.IntN(8) {
		var err error
		switch random.IntN(10) {
		case 0, 1, 2:
			_, err = s.Send(session.MessageOptions{
				Message: chaosPrompts[random.IntN(len(chaosPrompts))], OnBusy: busy[random.IntN(len(busy))],
			})
		case 3:
			queue := []string{"", "keep", "drop"}[random.IntN(3)]
			err = s.Interrupt(t.Context(), session.InterruptOptions{Queue: queue})
		case 4, 5, 6:
			err = answerAll(t, s, random)
		case 7:
			modes := append(drivers.PermissionModes(), "")
			err = s.Update(t.Context(), session.UpdateOptions{PermissionMode: modes[random.IntN(len(modes))], Title: fmt.Sprint(random.IntN(3))})
		default:
			time.Sleep(time.Duration(random.IntN(1500)) * time.Microsecond) // any moment must do
		}
		if err != nil && universal.KindOf(err) == universal.KindInternal {
			t.Errorf("an untyped error: %v", err)
		}
	}
}

func answerAll(t *testing.T, s *session.Session, random *rand.Rand) error {
	info := s.Info(true)
	for _, p := range info.PendingPermissions {
		decision := []drivers.Decision{drivers.Once, drivers.Always, drivers.Reject}[random.IntN(3)]
		if err := s.ReplyPermission(t.Context(), p.PermissionID, drivers.PermissionReply{Decision: decision}); err != nil {
			return err
		}
	}
	for _, q := range info.PendingQuestions {
		var answers [][]string // nil: refuse
		if random.IntN(3) > 0 {
			for _, question := range q.Questions {
				answer := "free text"
				if len(question.Options) > 0 {
					answer = question.Options[random.IntN(len(question.Options))].Label
				}
				answers = append(answers, []string{answer})
			}
		}
		if err := s.ReplyQuestion(t.Context(), q.QuestionID, drivers.QuestionReply{Answers: answers}); err != nil {
			return err
		}
	}
	return nil
}
