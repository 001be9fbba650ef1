package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// spawnBridge starts a bridge with a whole environment and makes a client of
// it, which ends it with the test.
func spawnBridge(t *testing.T, env []string) *rpc.Client {
	t.Helper()
	client, end := startClient(t, env)
	t.Cleanup(end)
	return client
}

// startClient starts a bridge with a whole environment and makes a client of
// it. The function end ends it; what the bridge complains of and what it leaves
// behind fails the test.
func startClient(t *testing.T, env []string) (client *rpc.Client, end func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	cmd := exec.Command(self, "stdio")
	cmd.Env = append(append([]string{asProgram + "=1"}, env...), "TMPDIR="+tmp, "GORACE=atexit_sleep_ms=0")
	var stderr strings.Builder
	cmd.Stderr = &stderr // read after the bridge has ended
	client, err = rpc.Spawn(cmd)
	if err != nil {
		t.Fatal(err)
	}
	return client, func() {
		if err := client.Close(); err != nil {
			t.Errorf("end the bridge: %v", err)
		}
		if stderr.Len() > 0 {
			t.Errorf("the bridge complains:\n%s", stderr.String())
		}
		if left, err := filepath.Glob(filepath.Join(tmp, "sandbox-agent-*")); err != nil || len(left) > 0 {
			t.Errorf("temporary files are left: %v, %v", left, err)
		}
	}
}

// talk is a session as its one client has it.
type talk struct {
	t      *testing.T
	client *rpc.Client
	id     string
	native string // the agent's own id of the conversation, as far as it is known
	dir    string

	sub      *rpc.Subscription
	events   []universal.Event
	answered map[string]bool // requests, by this client
}

// begin creates a session and follows it from its first event on.
func begin(t *testing.T, client *rpc.Client, opts session.CreateOptions) *talk {
	t.Helper()
	created, err := client.Create(t.Context(), opts)
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	return follow(t, client, created, opts.Directory)
}

// follow follows a session in a directory from its first event on.
func follow(t *testing.T, client *rpc.Client, created rpc.CreateResult, dir string) *talk {
	t.Helper()
	sub, err := client.Subscribe(t.Context(), created.SessionID, 0, true)
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	return &talk{
		t: t, client: client, id: created.SessionID, native: created.NativeSessionID, dir: dir,
		sub: sub, answered: map[string]bool{},
	}
}

// next reads one more event.
func (s *talk) next(what string) *universal.Event {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	ev, err := s.sub.Next(ctx)
	if err != nil {
		s.t.Fatalf("wait for %s: %v; the last events:\n%s", what, err, s.tail())
	}
	s.events = append(s.events, *ev)
	if d, ok := ev.Data.(*universal.SessionUpdatedData); ok && d.NativeSessionID != "" {
		s.native = d.NativeSessionID
	}
	return &s.events[len(s.events)-1]
}

// tail shows the last events.
func (s *talk) tail() string {
	var b strings.Builder
	for _, ev := range s.events[max(0, len(s.events)-40):] {
		data, err := json.Marshal(ev.Data)
		fmt.Fprintf(&b, "%d %s %s %.300s %v\n", ev.Sequence, ev.TurnID, ev.Type, data, err)
	}
	return b.String()
}

// until reads up to the first event that matches.
func (s *talk) until(what string, match func(*universal.Event) bool) *universal.Event {
	s.t.Helper()
	for {
		if ev := s.next(what); match(ev) {
			return ev
		}
	}
}

// send sends a message and returns the id of its turn.
func (s *talk) send(message session.MessageOptions) string {
	s.t.Helper()
	sent, err := s.client.Send(s.t.Context(), s.id, message)
	if err != nil {
		s.t.Fatalf("send: %v", err)
	}
	return sent.TurnID
}

// personReply is what a person says to a request.
type personReply struct {
	decision drivers.Decision // to a permission
	refuse   bool             // a question
	message  string
}

func permit() personReply             { return personReply{decision: drivers.Once} }
func permitAlways() personReply       { return personReply{decision: drivers.Always} }
func forbid(why string) personReply   { return personReply{decision: drivers.Reject, message: why} }
func answerAll() personReply          { return personReply{} }
func turnDown(why string) personReply { return personReply{refuse: true, message: why} }

// turn sends a text, gives these answers in order to what is asked, and
// returns the end of the turn.
func (s *talk) turn(text string, replies ...personReply) *universal.TurnEndedData {
	s.t.Helper()
	return s.finish(s.send(session.MessageOptions{Message: text}), replies...)
}

// finish gives these answers in order to what is asked until a turn ends.
// Nothing else may be asked, and no less.
func (s *talk) finish(turn string, replies ...personReply) *universal.TurnEndedData {
	s.t.Helper()
	for {
		ev := s.next("the end of " + turn)
		switch ev.Type {
		case universal.TypeTurnEnded:
			if string(ev.TurnID) != turn {
				continue
			}
			if len(replies) > 0 {
				s.t.Errorf("%s: %d answers were not asked for; the last events:\n%s", turn, len(replies), s.tail())
			}
			return ev.Data.(*universal.TurnEndedData)
		case universal.TypePermissionRequested, universal.TypeQuestionRequested:
			reply := personReply{decision: drivers.Reject, refuse: true, message: "Nobody wants this."}
			if len(replies) > 0 {
				reply = replies[0]
			}
			taken := s.reply(ev, reply)
			switch {
			case taken && len(replies) == 0:
				s.t.Errorf("%s: this was not to be asked: %+v", turn, ev.Data)
			case taken:
				replies = replies[1:]
			}
		}
	}
}

// reply answers a request; false means that the bridge had done so already.
func (s *talk) reply(ev *universal.Event, reply personReply) bool {
	s.t.Helper()
	var id string
	var err error
	switch d := ev.Data.(type) {
	case *universal.PermissionData:
		id = d.PermissionID
		err = s.client.Call(s.t.Context(), "permissions/reply", rpc.PermissionReplyParams{
			SessionID: s.id, PermissionID: id, Reply: reply.decision, Message: reply.message,
		}, nil)
	case *universal.QuestionData:
		id = d.QuestionID
		if reply.refuse {
			err = s.client.Call(s.t.Context(), "questions/reject", rpc.QuestionRejectParams{SessionID: s.id, QuestionID: id, Message: reply.message}, nil)
		} else {
			err = s.client.Call(s.t.Context(), "questions/reply", rpc.QuestionReplyParams{SessionID: s.id, QuestionID: id, Answers: firstOptions(d)}, nil)
		}
	}
	var told *universal.Error
	if errors.As(err, &told) && told.Details["reason"] == "already_answered" {
		return false
	}
	if err != nil {
		s.t.Fatalf("answer %+v with %+v: %v", ev.Data, reply, err)
	}
	s.answered[id] = true
	return true
}

// firstOptions answers every question with its first option, or a name.
func firstOptions(d *universal.QuestionData) [][]string {
	var answers [][]string
	for _, q := range d.Questions {
		if len(q.Options) > 0 {
			answers = append(answers, []string{q.Options[0].Label})
		} else {
			answers = append(answers, []string{"Ada"})
		}
	}
	return answers
}

// update changes settings.
func (s *talk) update(change session.UpdateOptions) {
	s.t.Helper()
	if err := s.client.Call(s.t.Context(), "sessions/update", rpc.UpdateParams{SessionID: s.id, UpdateOptions: change}, nil); err != nil {
		s.t.Fatalf("update to %+v: %v", change, err)
	}
}

// said is what the agent itself said since an event.
func (s *talk) said(from int) string {
	var texts []string
	for i := range s.events[from:] {
		ev := &s.events[from+i]
		d, ok := ev.Data.(*universal.ItemData)
		if ok && ev.Type == universal.TypeItemCompleted && d.Item.Kind == universal.KindMessage && d.Item.Role == universal.RoleAssistant && d.Item.ParentID == "" {
			texts = append(texts, d.Item.Text())
		}
	}
	return strings.Join(texts, "\n")
}

var firstNumber = regexp.MustCompile(`\d+`)

// remembered asks the agent how much of the conversation it has in mind.
func (s *talk) remembered(prompt string) int {
	s.t.Helper()
	from := len(s.events)
	s.turn(prompt)
	n, err := strconv.Atoi(firstNumber.FindString(s.said(from)))
	if err != nil {
		s.t.Errorf("the agent was to tell a number and says %q", s.said(from))
	}
	return n
}

// terminate ends the session and reads its stream to the end.
func (s *talk) terminate() {
	s.t.Helper()
	if err := s.client.Terminate(s.t.Context(), s.id); err != nil {
		s.t.Fatalf("terminate: %v", err)
	}
	if last := s.events[len(s.events)-1]; last.Type != universal.TypeSessionEnded {
		s.until("session.ended", func(ev *universal.Event) bool { return ev.Type == universal.TypeSessionEnded })
	}
	s.check()
}

// check tells what is wrong with the whole stream.
func (s *talk) check() {
	s.t.Helper()
	for _, v := range universal.CheckStream(s.events) {
		s.t.Errorf("%s: the grammar is broken: %v", s.id, v)
	}
	for i := range s.events {
		if ev := &s.events[i]; ev.Type == universal.TypeUnparsed {
			s.t.Errorf("%s: event %d was not understood: %+v %s", s.id, ev.Sequence, ev.Data, ev.Raw)
		}
	}
}

// path is that of a file in the session's directory.
func (s *talk) path(name string) string { return filepath.Join(s.dir, name) }

// file returns what a file in the session's directory holds, "" if it isn't
// there.
func (s *talk) file(name string) string {
	b, err := os.ReadFile(s.path(name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Error(err)
	}
	return string(b)
}

// awaitFile waits until a file in the session's directory has content.
func (s *talk) awaitFile(name string) string {
	s.t.Helper()
	eventually(s.t, name, func() bool { return s.file(name) != "" })
	return strings.TrimSpace(s.file(name))
}
