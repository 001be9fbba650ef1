package opencode

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

type dbgSink struct{ t *testing.T }

func (s dbgSink) Emit(evs []universal.Event) {
	for _, e := range evs {
		fmt.Printf("EV %s %+v\n", e.Type, e.Data)
	}
}
func (s dbgSink) Background(int)      {}
func (s dbgSink) Exit(e drivers.Exit) { fmt.Printf("EXIT %+v\n", e) }

func TestMain(m *testing.M) { process.RunGuardIfAsked(); os.Exit(m.Run()) }

func TestDebug(t *testing.T) {
	sup, _ := process.New(process.Options{})
	defer sup.Close(context.Background())
	ms, err := modelserver.Start(modelserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ms.Close()
	home := t.TempDir()
	env := modelserver.OpenCodeEnv(ms.URL(), home)
	d := New(Options{Supervisor: sup, Environ: func() []string { return env }, Getenv: func(n string) string { return getenv(env, n) },
		Locate: func() (string, error) { return os.Getenv("OC"), nil },
		Trace:  func(dir string, line []byte) { fmt.Printf("%s %s %.400s\n", time.Now().Format("05.000"), dir, line) }})
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	s, err := d.Start(ctx, drivers.Config{Directory: t.TempDir(), Settings: drivers.Settings{AgentMode: "build"}}, dbgSink{t})
	if err != nil {
		t.Fatalf("%v %+v", err, err)
	}
	if err := s.Send(ctx, drivers.Message{Text: os.Getenv("PROMPT")}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(4 * time.Second)
	s.Close(ctx)
}
