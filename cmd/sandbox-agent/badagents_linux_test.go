package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// refusal is what a request has to be refused with.
type refusal struct {
	kind universal.ErrorKind
	says string // in the detail, or in the message of the details
}

func (want refusal) check(t *testing.T, err error) {
	t.Helper()
	var got *universal.Error
	if !errors.As(err, &got) {
		t.Errorf("it was not refused with a typed error: %v", err)
		return
	}
	hint, _ := got.Details["message"].(string)
	if text := got.Detail + "; " + hint; got.Kind != want.kind || !strings.Contains(text, want.says) {
		t.Errorf("it was refused as %s: %s; want %s and %q", got.Kind, text, want.kind, want.says)
	}
}

// sentry is a program in an agent's place that tells whether it was started to
// do anything but say its version.
func (l *agentLab) sentry(t *testing.T) (program, started string) {
	t.Helper()
	dir := t.TempDir()
	program, started = filepath.Join(dir, filepath.Base(l.path)), filepath.Join(dir, "started")
	script := fmt.Sprintf("#!/bin/sh\nfor a; do case \"$a\" in --version|-V) exec '%s' --version;; esac; done\necho \"$0 $*\" >> '%s'\nexit 7\n", l.path, started)
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return program, started
}

// What is wrong with a session is found before its agent is started, whichever
// it is.
func TestBadSessionsOfAgents(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	skills := func(source string) *session.Skills {
		return &session.Skills{Sources: []drivers.SkillSource{{Type: "local", Source: source}}}
	}
	for _, agent := range realAgents() {
		t.Run(agent.id, func(t *testing.T) {
			t.Parallel()
			lab := agent.lab(t)
			program, started := lab.sentry(t)
			client := spawnBridge(t, append(lab.env(t.TempDir()), lab.pathVariable+"="+program))
			for name, tt := range map[string]struct {
				opts session.CreateOptions
				want refusal
			}{
				"permission mode":     {session.CreateOptions{PermissionMode: "yolo"}, refusal{universal.KindInvalidRequest, "acceptEdits"}},
				"missing directory":   {session.CreateOptions{Directory: missing}, refusal{universal.KindInvalidRequest, "no such file"}},
				"no directory":        {session.CreateOptions{Directory: file}, refusal{universal.KindInvalidRequest, "not a directory"}},
				"environment":         {session.CreateOptions{Env: map[string]string{"A=B": "1"}}, refusal{universal.KindInvalidRequest, "environment variable"}},
				"model":               {session.CreateOptions{Model: "two words"}, refusal{universal.KindInvalidRequest, "two words"}},
				"missing skills":      {session.CreateOptions{Skills: skills(missing)}, refusal{universal.KindInvalidRequest, "skill"}},
				"folder of no skills": {session.CreateOptions{Skills: skills(dir)}, refusal{universal.KindInvalidRequest, "skill"}},
				"resume":              {session.CreateOptions{Resume: "last week"}, refusal{universal.KindInvalidRequest, "last week"}},
			} {
				t.Run(name, func(t *testing.T) {
					opts := tt.opts
					opts.Agent = agent.id
					_, err := client.Create(t.Context(), opts)
					tt.want.check(t, err)
					if line, err := os.ReadFile(started); err == nil {
						t.Errorf("the agent was started: %s", line)
						_ = os.Remove(started)
					}
					wantNoSession(t, client)
				})
			}
		})
	}
}

func wantNoSession(t *testing.T, client *rpc.Client) {
	t.Helper()
	var page session.ListPage
	if err := client.Call(t.Context(), "sessions/list", nil, &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Sessions) > 0 {
		t.Errorf("sessions %+v", page.Sessions)
	}
}

// What only the agent can know it is asked; then too nothing is left of it.
func TestAgentsRefuse(t *testing.T) {
	t.Parallel()
	for _, agent := range realAgents() {
		t.Run(agent.id, func(t *testing.T) {
			t.Parallel()
			lab := agent.lab(t)
			own := newMark("TEST_SESSION")
			client := spawnBridge(t, lab.env(t.TempDir()))
			for name, opts := range map[string]session.CreateOptions{
				"unknown agent mode":   {AgentMode: "yolo"}, // people can have modes of their own
				"unknown variant":      {Variant: "nonsense", Model: agent.models[0]},
				"unknown conversation": {Resume: agent.unknownNative},
			} {
				t.Run(name, func(t *testing.T) {
					opts.Agent, opts.Env = agent.id, map[string]string{own.name: own.value}
					_, err := client.Create(t.Context(), opts)
					switch kind := universal.KindOf(err); {
					case opts.AgentMode != "":
						refusal{universal.KindModeNotSupported, drivers.ModeBuild}.check(t, err)
					case kind != universal.KindInvalidRequest && kind != universal.KindNotSupported:
						t.Errorf("it was refused as %q: %v", kind, err)
					}
					if left := marked(t, own); len(left) > 0 {
						t.Errorf("processes %v are left, the first is %s", left, commandLine(left[0]))
					}
					wantNoSession(t, client)
				})
			}
		})
	}
}

// A model that the agent doesn't know is refused; or it is for the service to
// know, which then is asked for it by the very name.
func TestUnknownModel(t *testing.T) {
	t.Parallel()
	const model = "nobody/nothing"
	for _, agent := range realAgents() {
		t.Run(agent.id, func(t *testing.T) {
			t.Parallel()
			lab := agent.lab(t)
			own := newMark("TEST_SESSION")
			client := spawnBridge(t, lab.env(t.TempDir()))
			created, err := client.Create(t.Context(), session.CreateOptions{
				Agent: agent.id, Model: model, Directory: t.TempDir(), Env: map[string]string{own.name: own.value},
			})
			if err != nil {
				if kind := universal.KindOf(err); kind != universal.KindInvalidRequest && kind != universal.KindNotSupported {
					t.Errorf("it was refused as %q: %v", kind, err)
				}
				if left := marked(t, own); len(left) > 0 {
					t.Errorf("processes %v are left, the first is %s", left, commandLine(left[0]))
				}
				wantNoSession(t, client)
				return
			}
			s := follow(t, client, created, "")
			s.turn(modelserver.Prompt("model", nil))
			if said := s.said(0); !strings.Contains(said, model) {
				t.Errorf("the agent says %q", said)
			}
			s.terminate()
		})
	}
}

// A change to something that there isn't changes nothing.
func TestBadUpdatesOfAgents(t *testing.T) {
	t.Parallel()
	for _, agent := range realAgents() {
		t.Run(agent.id, func(t *testing.T) {
			t.Parallel()
			lab := agent.lab(t)
			client := spawnBridge(t, lab.env(t.TempDir()))
			s := begin(t, client, session.CreateOptions{Agent: agent.id, Directory: t.TempDir()})
			before := info(t, s)
			for name, change := range map[string]session.UpdateOptions{
				"agent mode":      {AgentMode: "yolo"},
				"permission mode": {PermissionMode: "yolo"},
				"model":           {Model: "two words"},
				"variant":         {Variant: "nonsense"},
			} {
				err := client.Call(t.Context(), "sessions/update", rpc.UpdateParams{SessionID: s.id, UpdateOptions: change}, nil)
				switch kind := universal.KindOf(err); kind {
				case universal.KindInvalidRequest, universal.KindModeNotSupported, universal.KindNotSupported:
				default:
					t.Errorf("%s: refused as %q: %v", name, kind, err)
				}
			}
			if after := info(t, s); after != before {
				t.Errorf("the settings were %s and are %s", before, after)
			}
			s.turn(modelserver.Prompt("text", nil))
			s.terminate()
		})
	}
}

// info shows a session's settings.
func info(t *testing.T, s *talk) string {
	t.Helper()
	i, err := s.client.Get(t.Context(), s.id)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("model %q, variant %q, modes %q and %q", i.Model, i.Variant, i.AgentMode, i.PermissionMode)
}

// Without a login a session is refused, or its first turn fails for that
// reason; no model is asked for anything but that.
func TestNoLogin(t *testing.T) {
	t.Parallel()
	for _, agent := range realAgents() {
		t.Run(agent.id, func(t *testing.T) {
			t.Parallel()
			lab := agent.lab(t)
			home := t.TempDir()
			env := slices.DeleteFunc(lab.env(home), func(entry string) bool {
				name, _, _ := strings.Cut(entry, "=")
				return slices.Contains(agent.loginVariables, name)
			})
			for _, name := range agent.loginFiles {
				if err := os.Remove(filepath.Join(home, name)); err != nil {
					t.Fatal(err)
				}
			}
			client := spawnBridge(t, env)
			created, err := client.Create(t.Context(), session.CreateOptions{Agent: agent.id, Directory: t.TempDir()})
			if err != nil {
				refusal{universal.KindPermissionDenied, "login"}.check(t, err)
				wantNoSession(t, client)
			} else {
				s := follow(t, client, created, "")
				end := s.turn(modelserver.Prompt("text", nil))
				if end.StopReason != universal.StopError || !slices.Contains(s.errors(), universal.CategoryAuth) {
					t.Errorf("the turn ended as %s with errors of %v", end.StopReason, s.errors())
				}
				s.terminate()
			}
			for _, q := range lab.server.ModelRequests() {
				if q.Tag != "" && q.Header.Get("Authorization")+q.Header.Get("X-Api-Key") != "" {
					t.Errorf("the model was asked for %s", q.Tag)
				}
			}
		})
	}
}

// errors are the categories of the errors that were told.
func (s *talk) errors() []universal.ErrorCategory {
	var categories []universal.ErrorCategory
	for i := range s.events {
		if d, ok := s.events[i].Data.(*universal.ErrorData); ok {
			categories = append(categories, d.Category)
		}
	}
	return categories
}

// A person's own configuration that can't be read does no harm, or is named in
// the error that the session is refused with or, where the agent begins with a
// message, that its turn ends with.
func TestBrokenConfiguration(t *testing.T) {
	t.Parallel()
	for _, agent := range realAgents() {
		for _, file := range agent.broken {
			t.Run(fmt.Sprintf("%s/%s/in project %v", agent.id, file.path, file.inProject), func(t *testing.T) {
				t.Parallel()
				lab := agent.lab(t)
				home, project := t.TempDir(), t.TempDir()
				own := newMark("TEST_SESSION")
				env := lab.env(home)
				path := filepath.Join(home, file.path)
				if file.inProject {
					path = filepath.Join(project, file.path)
				}
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("{[broken\n"), 0o644)); err != nil {
					t.Fatal(err)
				}
				client := spawnBridge(t, env)
				created, err := client.Create(t.Context(), session.CreateOptions{
					Agent: agent.id, Directory: project, Env: map[string]string{own.name: own.value},
				})
				if err != nil {
					wantNamed(t, err, path)
					if left := marked(t, own); len(left) > 0 {
						t.Errorf("processes %v are left, the first is %s", left, commandLine(left[0]))
					}
					wantNoSession(t, client)
					return
				}
				s := follow(t, client, created, project)
				end := s.turn(modelserver.Prompt("text", nil))
				switch told := s.complaints(0); {
				case end.StopReason == universal.StopEndTurn:
				case !strings.Contains(told, filepath.Base(path)):
					t.Errorf("the turn ended as %s, and the error doesn't name %s: %s", end.StopReason, path, told)
				}
				s.terminate()
			})
		}
	}
}

// wantNamed checks that a typed error says which file is to be mended.
func wantNamed(t *testing.T, err error, file string) {
	t.Helper()
	var told *universal.Error
	if !errors.As(err, &told) || !strings.Contains(fmt.Sprint(told.Detail, told.Details), filepath.Base(file)) {
		t.Errorf("the error doesn't name %s: %v, %+v", file, err, told)
	}
}

// A tool server that can't be started is told, and the session goes on.
func TestBadToolServerOfAgents(t *testing.T) {
	t.Parallel()
	for _, agent := range realAgents() {
		t.Run(agent.id, func(t *testing.T) {
			t.Parallel()
			lab := agent.lab(t)
			client := spawnBridge(t, lab.env(t.TempDir()))
			s := begin(t, client, session.CreateOptions{Agent: agent.id, Directory: t.TempDir(), MCP: map[string]drivers.MCPServer{
				"absent": {Type: "local", Command: []string{"/nowhere/tool-server"}},
			}})
			if end := s.turn(modelserver.Prompt("text", nil)); end.StopReason != universal.StopEndTurn {
				t.Errorf("the turn ended as %s", end.StopReason)
			}
			told := func() bool {
				for i := range s.events {
					if d, ok := s.events[i].Data.(*universal.ErrorData); ok && strings.Contains(d.Message, "absent") {
						return true
					}
				}
				return false
			}
			for !told() { // at the latest after the turn
				s.next("the notice of the absent server")
			}
			s.terminate()
		})
	}
}

// What an agent can't take of what is attached is told, and the next message
// isn't the worse for it.
func TestBadAttachmentsOfAgents(t *testing.T) {
	t.Parallel()
	attachments := map[string]session.Attachment{
		"broken picture": {Data: []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), Mime: "image/png", Filename: "broken.png"},
		"archive":        {Data: []byte("PK\x03\x04\x00\x00\x00\x00"), Mime: "application/zip", Filename: "files.zip"},
		"sound":          {Data: []byte("RIFF\x00\x00\x00\x00WAVE"), Mime: "audio/wav", Filename: "voice.wav"},
		"broken paper":   {Data: []byte("%PDF-1.4 broken"), Mime: "application/pdf", Filename: "broken.pdf"},
	}
	for _, agent := range realAgents() {
		t.Run(agent.id, func(t *testing.T) {
			t.Parallel()
			lab := agent.lab(t)
			client := spawnBridge(t, lab.env(t.TempDir()))
			s := begin(t, client, session.CreateOptions{Agent: agent.id, Directory: t.TempDir()})
			for _, name := range slices.Sorted(maps.Keys(attachments)) {
				from := len(s.events)
				a := attachments[name]
				sent, err := client.Send(t.Context(), s.id, session.MessageOptions{Message: modelserver.Prompt("text", nil), Attachments: []session.Attachment{a}})
				if err != nil {
					refusal{universal.KindInvalidRequest, a.Filename}.check(t, err)
				} else if end := s.finish(sent.TurnID); end.StopReason == universal.StopError && !strings.Contains(s.complaints(from), a.Filename) {
					t.Errorf("%s: the turn failed, and nobody says that it is for %s: %s", name, a.Filename, s.complaints(from))
				}
				from = len(s.events)
				if end := s.turn(modelserver.Prompt("text", nil)); end.StopReason != universal.StopEndTurn || !strings.Contains(s.said(from), "Hello from the scripted model.") {
					t.Errorf("%s: the turn after it ended as %s and says %q", name, end.StopReason, s.said(from))
				}
			}
			s.terminate()
		})
	}
}

// complaints are the errors that were told since an event.
func (s *talk) complaints(from int) string {
	var texts []string
	for i := range s.events[from:] {
		if d, ok := s.events[from+i].Data.(*universal.ErrorData); ok {
			texts = append(texts, d.Message)
		}
	}
	return strings.Join(texts, "; ")
}
