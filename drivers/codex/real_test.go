package codex

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// These tests run the real Codex against the scripted model server.

// live is a session of a bench.
type live struct {
	drivers.Session
	t   *testing.T
	rec *drivertest.Recorder
}

func (b *bench) start(t *testing.T, cfg drivers.Config) *live {
	t.Helper()
	rec := drivertest.NewRecorder(0)
	if cfg.Directory == "" {
		cfg.Directory = t.TempDir()
	}
	s, err := b.driver.Start(t.Context(), cfg, rec)
	if err != nil {
		t.Fatal(err)
	}
	l := &live{s, t, rec}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}

func (l *live) turn(text string) ([]universal.Event, *universal.TurnEndedData) {
	l.t.Helper()
	from := l.rec.Len()
	if err := l.Send(l.t.Context(), drivers.Message{Text: text}); err != nil {
		l.t.Fatal(err)
	}
	return l.rec.AwaitTurnEnd(l.t, from)
}

// asOpenAI is a configuration for the vendor's own service, at another address.
func (b *bench) asOpenAI(t *testing.T) (config string) {
	t.Helper()
	config = filepath.Join(b.home, ".codex", "config.toml")
	text := "openai_base_url = \"" + b.Server.URL() + modelserver.OpenAIPath + "\"\n[analytics]\nenabled = false\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config
}

// A key from the environment reaches the model's service and no file.
func TestRealKeyOfEnvironment(t *testing.T) {
	b := newBench(t)
	b.asOpenAI(t)
	env := append(b.driver.opts.Environ(), "OPENAI_API_KEY=sk-made-up")
	b.driver.opts.Environ = func() []string { return env }
	b.driver.opts.Getenv = environ.Getenv(env)
	if p := b.driver.Probe(t.Context()); p.Login != drivers.LoginYes || !p.Installed || p.Version != knownVersion {
		t.Errorf("the probe is %+v", p)
	}
	l := b.start(t, drivers.Config{})
	if _, ended := l.turn("SCENARIO:text"); ended.StopReason != universal.StopEndTurn {
		t.Errorf("the turn ended as %s:\n%s", ended.StopReason, drivertest.Skeleton(l.rec.Events(0)))
	}
	asked := b.Server.ModelRequests()
	if len(asked) == 0 || asked[len(asked)-1].Header.Get("Authorization") != "Bearer sk-made-up" {
		t.Errorf("the key did not reach the model's service")
	}
	if _, err := os.Stat(filepath.Join(b.home, ".codex", "auth.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a login on disk: %v", err)
	}
}

// With the vendor's service, models and their variants are known before
// anything is started.
func TestRealUnknownModel(t *testing.T) {
	b := newBench(t)
	b.asOpenAI(t)
	models, err := b.driver.Models(t.Context())
	if err != nil || len(models.Models) < 2 || models.DefaultModel == "" {
		t.Fatalf("the models are %+v (%v)", models, err)
	}
	good := models.Models[0]
	for _, tt := range []struct {
		settings drivers.Settings
		text     string
	}{
		{drivers.Settings{Model: good.ID, Variant: good.Variants[0]}, ""},
		{drivers.Settings{Variant: good.Variants[0]}, ""},
		{drivers.Settings{Model: "no-such-model"}, good.ID},
		{drivers.Settings{Model: good.ID, Variant: "no-such-variant"}, good.Variants[0]},
		{drivers.Settings{Variant: "no-such-variant"}, "variant"},
	} {
		err := b.driver.Check(t.Context(), &drivers.Config{Settings: tt.settings, Directory: t.TempDir()})
		switch {
		case tt.text == "" && err != nil:
			t.Errorf("%+v: %v", tt.settings, err)
		case tt.text != "" && (universal.KindOf(err) != universal.KindInvalidRequest || !strings.Contains(err.Error(), tt.text)):
			t.Errorf("%+v gives %v, want an invalid request with %q", tt.settings, err, tt.text)
		}
	}
	l := b.start(t, drivers.Config{})
	if err := l.Update(t.Context(), drivers.Settings{Model: "no-such-model"}); universal.KindOf(err) != universal.KindInvalidRequest {
		t.Errorf("an update gives %v", err)
	}
}

// What the user changes in the configuration counts at once, also while a
// session runs.
func TestRealModelsOfChangedConfig(t *testing.T) {
	b := newBench(t)
	b.start(t, drivers.Config{})
	refused := func(model string) bool {
		t.Helper()
		err := b.driver.Check(t.Context(), &drivers.Config{Settings: drivers.Settings{Model: model}, Directory: t.TempDir()})
		if err != nil && universal.KindOf(err) != universal.KindInvalidRequest {
			t.Fatal(err)
		}
		return err != nil
	}
	if refused("a-model-of-mine") {
		t.Error("the user's own service is not asked for its models")
	}
	b.asOpenAI(t)
	if !refused("a-model-of-mine") {
		t.Error("with the vendor's service every model is taken")
	}
}

// A configuration that Codex can't read is the user's to correct.
func TestRealBrokenConfig(t *testing.T) {
	b := newBench(t)
	config := filepath.Join(b.home, ".codex", "config.toml")
	if err := os.WriteFile(config, []byte("model = [[["), 0o600); err != nil {
		t.Fatal(err)
	}
	_, started := b.driver.Start(t.Context(), drivers.Config{Directory: t.TempDir()}, drivertest.NewRecorder(0))
	_, listed := b.driver.Models(t.Context())
	for what, err := range map[string]error{"a start": started, "the list of models": listed} {
		if universal.KindOf(err) != universal.KindInvalidRequest || !strings.Contains(err.Error(), config) {
			t.Errorf("%s gives %v", what, err)
		}
	}
}

// The user's files stay as they are, whatever the modes of a session.
func TestRealConfigUntouched(t *testing.T) {
	b := newBench(t)
	config := filepath.Join(b.home, ".codex", "config.toml")
	before, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []drivers.PermissionMode{drivers.PermissionDefault, drivers.PermissionPlan, drivers.PermissionBypass} {
		l := b.start(t, drivers.Config{Settings: drivers.Settings{PermissionMode: mode}})
		if _, ended := l.turn("SCENARIO:text"); ended.StopReason != universal.StopEndTurn {
			t.Errorf("%s: the turn ended as %s", mode, ended.StopReason)
		}
	}
	after, err := os.ReadFile(config)
	if err != nil || string(after) != string(before) {
		t.Errorf("the configuration became %s (%v)", after, err)
	}
}

// An interrupt kills the session's commands, also one that has left its parents,
// and not those of another session on the same app-server.
func TestRealInterruptKillsOwnCommandsOnly(t *testing.T) {
	b := newBench(t)
	bypass := drivers.Settings{PermissionMode: drivers.PermissionBypass}
	command := func(name string) string {
		return modelserver.Prompt("bash", modelserver.Input{
			// What a command prints at first isn't streamed.
			"command": "(setsid sleep 300 &) ; while true; do echo begun-" + name + "; sleep 0.2; done",
		})
	}
	one, two := b.start(t, drivers.Config{Settings: bypass}), b.start(t, drivers.Config{Settings: bypass})
	for _, s := range []struct {
		l    *live
		name string
	}{{one, "one"}, {two, "two"}} {
		if err := s.l.Send(t.Context(), drivers.Message{Text: command(s.name)}); err != nil {
			t.Fatal(err)
		}
		s.l.rec.Await(t, 0, "output", func(ev *universal.Event) bool {
			d, ok := ev.Data.(*universal.ItemDeltaData)
			return ok && strings.Contains(d.Delta, "begun-"+s.name)
		})
	}
	marked := func(l *live) []int {
		pids, err := process.Marked(l.Session.(*session).mark)
		if err != nil {
			t.Fatal(err)
		}
		return pids
	}
	if len(marked(one)) == 0 || len(marked(two)) == 0 {
		t.Fatalf("the sessions have the processes %v and %v", marked(one), marked(two))
	}
	if err := one.Interrupt(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := marked(one); len(left) != 0 {
		t.Errorf("processes %v are left", left)
	}
	if len(marked(two)) == 0 {
		t.Error("the other session's commands are gone")
	}
	_, ended := one.rec.AwaitTurnEnd(t, 0)
	if ended.StopReason != universal.StopInterrupted {
		t.Errorf("the turn ended as %s", ended.StopReason)
	}
	if err := two.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if left := marked(two); len(left) != 0 {
		t.Errorf("after the end processes %v are left", left)
	}
}

// Fields that nobody knows change nothing.
func TestRealGrease(t *testing.T) {
	tell := func(change func([]byte) []byte) []string {
		b := newBench(t)
		launch := b.driver.opts.Launch
		b.driver.opts.Launch = func(ctx context.Context, spec process.Spec) (Transport, error) {
			p, err := launch(ctx, spec)
			if err != nil || spec.Args[0] != "app-server" {
				return p, err
			}
			return changed{p, change}, nil
		}
		l := b.start(t, drivers.Config{Settings: drivers.Settings{PermissionMode: drivers.PermissionBypass}})
		for _, prompt := range []string{"SCENARIO:thinking", "SCENARIO:bash", "SCENARIO:write"} {
			l.turn(prompt)
		}
		var outline []string
		for _, ev := range l.rec.Events(0) {
			if line := string(ev.Type); len(outline) == 0 || line != outline[len(outline)-1] {
				outline = append(outline, line)
			}
		}
		return outline
	}
	plain := tell(func(line []byte) []byte { return line })
	greased := tell(func(line []byte) []byte {
		return append([]byte(`{"fromTheFuture":{"method":"x","deep":[1,null]},`), line[1:]...)
	})
	if !slices.Equal(plain, greased) {
		t.Errorf("the events are\n%s\nand with unknown fields\n%s", strings.Join(plain, "\n"), strings.Join(greased, "\n"))
	}
}

// changed is an agent whose lines are changed.
type changed struct {
	Transport
	change func([]byte) []byte
}

func (c changed) ReadLine() ([]byte, bool, error) {
	line, more, err := c.Transport.ReadLine()
	if err == nil {
		line = c.change(line)
	}
	return line, more, err
}

// A program that is too old is refused before it is started as a server.
func TestOldVersion(t *testing.T) {
	b := newBench(t)
	program := filepath.Join(t.TempDir(), "codex")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho codex-cli 0.99.0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.driver.opts.Locate = func() (string, error) { return program, nil }
	err := b.driver.Check(t.Context(), &drivers.Config{Directory: t.TempDir()})
	if universal.KindOf(err) != universal.KindNotSupported || !strings.Contains(err.Error(), "0.99.0 is too old") {
		t.Errorf("the check gives %v", err)
	}
	if p := b.driver.Probe(t.Context()); p.Version != "0.99.0" || !strings.Contains(p.Problem, "too old") {
		t.Errorf("the probe is %+v", p)
	}
}

// A message that comes when the app-server was killed, and nobody has seen it
// end, is with nobody; the conversation goes on with the next app-server.
func TestRealKilledUnseen(t *testing.T) {
	b := newBench(t)
	l := b.start(t, drivers.Config{})
	l.turn("SCENARIO:text")
	server := b.last()
	killed, err := os.FindProcess(server.PID())
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.Kill(); err != nil {
		t.Fatal(err)
	}
	for !server.Dying() {
		select {
		case <-server.Done():
			return // faster than anybody can look
		default:
		}
	}
	if err := l.Send(t.Context(), drivers.Message{Text: "SCENARIO:text"}); !errors.Is(err, drivers.ErrNotTaken) {
		t.Errorf("the message gives %v", err)
	}
	l.rec.AwaitExit(t)
	again := b.start(t, drivers.Config{Resume: l.NativeID()})
	if _, ended := again.turn("SCENARIO:text"); ended.StopReason != universal.StopEndTurn {
		t.Errorf("after that a turn ends as %s", ended.StopReason)
	}
}
