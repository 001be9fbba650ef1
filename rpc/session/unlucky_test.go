package session_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// unlucky is the mock, whose calls take a while, whose interrupts can hang until
// their deadline, and which dies at any moment. Messages are "number|text"; it
// notes when the mock got each.
type unlucky struct {
	*mock.Driver
	deaths sync.WaitGroup // that are not told yet

	mu     sync.Mutex
	random *rand.Rand
	got    map[int][]time.Time
}

func (d *unlucky) pick(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.IntN(n)
}

// upTo is, most often, no time at all.
func (d *unlucky) upTo(most time.Duration) time.Duration {
	if d.pick(2) == 0 {
		return 0
	}
	return time.Duration(d.pick(int(most)))
}

func pause(ctx context.Context, wait time.Duration) error {
	select {
	case <-time.After(wait):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *unlucky) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	if err := pause(ctx, d.upTo(3*time.Second)); err != nil {
		return nil, err
	}
	s := &unluckySession{d: d, sink: sink, dead: make(chan struct{})}
	var err error
	s.Session, err = d.Driver.Start(ctx, cfg, s)
	return s, err
}

// unluckySession is also the sink of its mock, which says no more once it is dead.
type unluckySession struct {
	drivers.Session
	d    *unlucky
	once sync.Once
	dead chan struct{}

	mu   sync.Mutex // over calls of the sink
	sink drivers.Sink
	told bool
}

func (s *unluckySession) Emit(events []universal.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !closed(s.dead) {
		s.sink.Emit(events)
	}
}

func (s *unluckySession) Background(int) {}

func (s *unluckySession) Exit(exit drivers.Exit) {
	s.once.Do(func() { close(s.dead) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.told {
		s.told = true
		s.sink.Exit(exit)
	}
}

// die kills it, which the session hears of a while later.
func (s *unluckySession) die() {
	s.once.Do(func() {
		close(s.dead)
		s.d.deaths.Go(func() {
			time.Sleep(s.d.upTo(time.Second))
			s.Exit(drivers.Exit{Signal: "killed"})
			_ = s.Session.Close(context.Background()) // of the mock, which is not dead
		})
	})
}

func (s *unluckySession) Send(ctx context.Context, msg drivers.Message) error {
	if err := pause(ctx, s.d.upTo(4*time.Second)); err != nil && s.d.pick(2) == 0 {
		return err // else it is too late to give up
	}
	how := s.d.pick(10)
	if how == 0 {
		s.die()
	}
	gone := universal.AgentProcessExited(mock.ID, nil, "")
	if closed(s.dead) {
		return gone.Because(drivers.ErrNotTaken)
	}
	number, text, _ := strings.Cut(msg.Text, "|")
	msg.Text = text
	if err := s.Session.Send(context.WithoutCancel(ctx), msg); err != nil {
		return err
	}
	n, _ := strconv.Atoi(number)
	s.d.mu.Lock()
	s.d.got[n] = append(s.d.got[n], time.Now())
	s.d.mu.Unlock()
	switch how {
	case 1:
		s.die()
	case 2:
		s.die()
		return gone
	}
	return nil
}

func (s *unluckySession) Interrupt(ctx context.Context) error {
	how := s.d.pick(4)
	if how == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	err := s.Session.Interrupt(ctx)
	if how == 1 {
		s.die()
	}
	if late := pause(ctx, s.d.upTo(6*time.Second)); late != nil {
		return late
	}
	_ = s.Session.Interrupt(ctx) // whatever it is doing by now
	return err
}

func (s *unluckySession) Close(ctx context.Context) error {
	time.Sleep(s.d.upTo(2 * time.Second))
	s.once.Do(func() { close(s.dead) })
	return s.Session.Close(ctx)
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestUnlucky runs sessions whose agents are slow and die, and wants each
// message handed over once at most, and never to a turn that has ended.
func TestUnlucky(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { beUnlucky(t, seed) })
		})
	}
}

func beUnlucky(t *testing.T, seed uint64) {
	d := &unlucky{Driver: mock.New(mock.Options{}), random: rand.New(rand.NewPCG(seed, 2)), got: map[int][]time.Time{}}
	m := newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{d}})
	k := newTalk(t, m, session.CreateOptions{IdleTimeoutMS: int64(d.pick(3000))})
	texts := []string{"echo a", "wait", "wait 1", "tool", "background", "permission", "crash", "leave-open", "question"}
	busy := []session.BusyPolicy{session.BusyQueue, session.BusyReject, session.BusyInterrupt, session.BusySteer}
	turns := map[int]string{} // of the messages that were accepted, but for those that joined one
	var mu sync.Mutex
	var people sync.WaitGroup
	for person := range 3 {
		random := rand.New(rand.NewPCG(seed, uint64(10+person)))
		people.Go(func() {
			for i := range 4 + random.IntN(8) {
				switch random.IntN(7) {
				case 0, 1, 2:
					n, policy := 100*person+i, busy[random.IntN(len(busy))]
					sent, err := k.Send(session.MessageOptions{Message: fmt.Sprintf("%d|%s", n, texts[random.IntN(len(texts))]), OnBusy: policy})
					if err == nil && policy != session.BusySteer {
						mu.Lock()
						turns[n] = sent.TurnID
						mu.Unlock()
					}
				case 3:
					_ = k.Interrupt(t.Context(), session.InterruptOptions{Queue: []string{"keep", "drop"}[random.IntN(2)]})
				case 4:
					_ = answerAll(t, k.Session, random)
				default:
					time.Sleep(time.Duration(random.IntN(int(4 * time.Second))))
				}
			}
		})
	}
	time.Sleep(time.Duration(d.pick(int(30 * time.Second)))) // perhaps they aren't done
	began := time.Now()
	all := k.end()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the end of the session took %v", took)
	}
	people.Wait()
	d.deaths.Wait()

	ends := map[string][]universal.Event{}
	for _, ev := range all {
		if ev.Type == universal.TypeTurnEnded {
			ends[string(ev.TurnID)] = append(ends[string(ev.TurnID)], ev)
		}
	}
	for n, got := range d.got {
		if len(got) > 1 {
			t.Errorf("message %d was handed over at %v", n, got)
		}
	}
	for n, turn := range turns {
		if len(ends[turn]) != 1 {
			t.Errorf("message %d: %s ended %d times", n, turn, len(ends[turn]))
			continue
		}
		end, got := ends[turn][0], d.got[n]
		stop := end.Data.(*universal.TurnEndedData).StopReason
		if len(got) == 0 && stop == universal.StopEndTurn || len(got) > 0 && (stop == universal.StopCancelled || got[0].After(end.Time)) {
			t.Errorf("message %d: %s ended with %s at %v, handed over at %v", n, turn, stop, end.Time, got)
		}
	}
}
