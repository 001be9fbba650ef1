package amp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// puppet stands in for a process of the CLI: the test says what it prints.
type puppet struct {
	spec  process.Spec
	lines chan []byte
	ended chan struct{}

	mu      sync.Mutex
	written []string
	stopped bool
	exit    process.Exit
}

func (p *puppet) print(lines ...string) {
	for _, line := range lines {
		p.lines <- []byte(line)
	}
}

// die ends the process.
func (p *puppet) die(exit process.Exit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.ended:
	default:
		p.exit = exit
		close(p.ended)
	}
}

// said is what was written to the process.
func (p *puppet) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.written, "")
}

func (p *puppet) isStopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stopped
}

func (p *puppet) Write(lines []byte) error {
	select {
	case <-p.ended:
		return process.ErrExited
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written = append(p.written, string(lines))
	return nil
}

func (p *puppet) ReadLine() ([]byte, bool, error) {
	select {
	case line := <-p.lines:
		return line, false, nil
	case <-p.ended:
		return nil, false, io.EOF
	}
}

func (p *puppet) Stop(context.Context, func(context.Context) error) error {
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.die(process.Exit{Signal: "SIGTERM"})
	return nil
}

func (p *puppet) Done() <-chan struct{} { return p.ended }

func (p *puppet) Exit() process.Exit {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit
}

// stage is a session whose processes are puppets.
type stage struct {
	*testing.T
	drivers.Session
	rec     *drivertest.Recorder
	puppets chan *puppet
}

func newStage(t *testing.T, version string) *stage {
	t.Helper()
	k := &stage{T: t, rec: drivertest.NewRecorder(100 * time.Hour), puppets: make(chan *puppet, 16)}
	d := New(Options{
		Locate:  func() (string, error) { return "/usr/bin/amp", nil },
		Version: func(context.Context, string) (string, error) { return version, nil },
		Environ: func() []string { return []string{"AMP_API_KEY=made-up", "HOME=" + t.TempDir()} },
		Launch: func(_ context.Context, spec process.Spec) (Transport, error) {
			p := &puppet{spec: spec, lines: make(chan []byte), ended: make(chan struct{})}
			k.puppets <- p
			return p, nil
		},
	})
	s, err := d.Start(t.Context(), drivers.Config{Directory: t.TempDir()}, k.rec)
	if err != nil {
		t.Fatal(err)
	}
	k.Session = s
	return k
}

const (
	nativeVersion = "0.0.1790142911-g7618fb"
	mayVersion    = "0.0.1777897475-g2324e1"
)

// send begins a turn and returns its process.
func (k *stage) send() *puppet {
	k.Helper()
	if err := k.Send(k.Context(), drivers.Message{Text: "hi"}); err != nil {
		k.Fatal(err)
	}
	return <-k.puppets
}

func (k *stage) end(want universal.StopReason) []universal.Event {
	k.Helper()
	events, ended := k.rec.AwaitTurnEnd(k, 0)
	if ended.StopReason != want {
		k.Errorf("the turn ended as %s, want %s", ended.StopReason, want)
	}
	return events
}

func (k *stage) close() {
	k.Helper()
	if err := k.Close(context.Background()); err != nil {
		k.Error(err)
	}
	if n := len(k.rec.Exits()); n != 1 {
		k.Errorf("exit was told %d times", n)
	}
}

const echoLine = `{"type":"user","message":{"role":"user","content":[{"type":"text","text":"hi"}]},"parent_tool_use_id":null}`

// A model that says nothing is given up after a while, once the CLI was told
// that no more messages come.
func TestStalledModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newStage(t, nativeVersion)
		p := k.send()
		p.print(initOf(`"ask_user"`), echoLine)
		synctest.Wait()
		if strings.Contains(p.said(), typeEnd) {
			t.Error("the input was ended at once")
		}
		time.Sleep(limitOpen.duration() + time.Second)
		if !strings.Contains(p.said(), typeEnd) || p.isStopped() {
			t.Errorf("after %v the process was told %q and stopped: %v", limitOpen.duration(), p.said(), p.isStopped())
		}
		if err := k.Send(t.Context(), drivers.Message{Text: "more", Steer: true}); universal.KindOf(err) != universal.KindInvalidRequest {
			t.Errorf("a message for an input that has ended gives %v", err)
		}
		began := time.Now()
		events := k.end(universal.StopError)
		if took := time.Since(began); took < limitModel.duration()/2 {
			t.Errorf("the model was given up after %v", took)
		}
		if d := events[len(events)-2].Data.(*universal.ErrorData); d.Category != universal.CategoryNetwork || !d.Retryable {
			t.Errorf("the error is %+v", d)
		}
		k.close()
	})
}

// A tool may run for days, and a person may take as long to answer.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newStage(t, nativeVersion)
		p := k.send()
		p.print(initOf(`"ask_user"`), echoLine, callOf("c", "shell_command", `{"command":"make world"}`),
			`{"type":"channel","subtype":"request","id":1,"request":{"kind":"tool","tool":"shell_command","input":{"command":"make world"},"tool_use_id":"c"}}`)
		time.Sleep(72 * time.Hour)
		if p.isStopped() {
			t.Fatal("the process was stopped while a person was asked")
		}
		if err := k.ReplyPermission(t.Context(), "c", drivers.PermissionReply{Decision: drivers.Once}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(72 * time.Hour)
		if p.isStopped() {
			t.Fatal("the process was stopped while a tool ran")
		}
		if got := p.said(); !strings.HasSuffix(got, `{"type":"channel_answer","id":1,"answer":{"action":"allow"}}`+"\n") {
			t.Errorf("the process was told %q", got)
		}
		p.print(resultOf(t, "c", `{"output":"","exitCode":0}`, false), assistant(`{"type":"text","text":"done"}`, `"end_turn"`))
		synctest.Wait()
		if !strings.HasSuffix(p.said(), endLine) {
			t.Errorf("after the last word the process was told %q", p.said())
		}
		p.print(`{"type":"result","subtype":"success","is_error":false}`)
		p.die(process.Exit{Code: new(int)})
		k.end(universal.StopEndTurn)
		k.close()
	})
}

// What create_file replaces is looked at before it runs: the CLI doesn't tell it.
func TestReplacedFile(t *testing.T) {
	for name, c := range map[string]struct {
		before   *string
		relative bool
		diff     string
	}{
		"old":         {new("one\ntwo\n"), false, "--- a/file\n+++ b/file\n@@ -1,2 +1,2 @@\n-one\n+new\n two\n"},
		"by its name": {new("one\ntwo\n"), true, "--- a/file\n+++ b/file\n@@ -1,2 +1,2 @@\n-one\n+new\n two\n"},
		"new":         {nil, false, "--- /dev/null\n+++ b/file\n@@ -0,0 +1,2 @@\n+new\n+two\n"},
		"no text":     {new("\xff\x00"), false, ""},
		"too long":    {new(strings.Repeat("x", maxTexts+1)), false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := newStage(t, nativeVersion)
			dir := k.Session.(*session).dir
			path := filepath.Join(dir, "file")
			if c.before != nil {
				if err := os.WriteFile(path, []byte(*c.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if c.relative {
				path = "file"
			}
			p := k.send()
			input, err := json.Marshal(map[string]string{"path": path, "content": "new\ntwo\n"})
			if err != nil {
				t.Fatal(err)
			}
			p.print(strings.Replace(initOf(`"ask_user"`), "/project", dir, 1), echoLine, callOf("c", "create_file", string(input)),
				`{"type":"channel","subtype":"request","id":1,"request":{"kind":"tool","tool":"create_file","input":`+string(input)+`,"tool_use_id":"c"}}`,
				resultOf(t, "c", "Successfully created file", false), assistant(`{"type":"text","text":"done"}`, `"end_turn"`),
				`{"type":"result","subtype":"success","is_error":false}`)
			p.die(process.Exit{Code: new(int)})
			var diffs []string
			for _, ev := range k.end(universal.StopEndTurn) {
				d, ok := ev.Data.(*universal.ItemData)
				if !ok {
					continue
				}
				for _, part := range d.Item.Content {
					if f, ok := part.(*universal.FileRefPart); ok {
						diffs = append(diffs, string(f.Diff))
					}
				}
			}
			if diff := cmp.Diff([]string{c.diff}, diffs); diff != "" {
				t.Errorf("diffs (-want +got):\n%s", diff)
			}
			k.close()
		})
	}
}

// The places where the CLI hangs.
func TestHangs(t *testing.T) {
	for name, c := range map[string]struct {
		version string
		lines   []string
		limit   limit
		stop    universal.StopReason
	}{
		"before the first line": {nativeVersion, nil, limitBegin, universal.StopError},
		"after an answer that was cut": {mayVersion, []string{
			initOf(""), echoLine, assistant(`{"type":"text","text":"cut"}`, `null`),
		}, limitCut, universal.StopMaxTokens},
		"before the result": {mayVersion, []string{
			initOf(""), echoLine, assistant(`{"type":"text","text":"done"}`, `"end_turn"`),
		}, limitSaid, universal.StopEndTurn},
		"after the result": {nativeVersion, []string{
			initOf(`"ask_user"`), echoLine, assistant(`{"type":"text","text":"done"}`, `"end_turn"`), `{"type":"result","subtype":"success","is_error":false}`,
		}, limitResult, universal.StopEndTurn},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newStage(t, c.version)
				p := k.send()
				p.print(c.lines...)
				synctest.Wait()
				began := time.Now()
				k.end(c.stop)
				if took := time.Since(began); took != c.limit.duration() || !p.isStopped() {
					t.Errorf("the process was stopped (%v) after %v, want %v", p.isStopped(), took, c.limit.duration())
				}
				k.close()
			})
		})
	}
}

// Without the plugin nobody would be asked: the turn doesn't begin.
func TestNoPlugin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newStage(t, nativeVersion)
		p := k.send()
		p.print(initOf(`"shell_command"`))
		events := k.end(universal.StopError)
		if d := events[len(events)-2].Data.(*universal.ErrorData); !p.isStopped() || !strings.Contains(d.Message, "plugin") {
			t.Errorf("stopped: %v; the error is %+v", p.isStopped(), d)
		}
		k.close()
	})
}

// One message at a time, and a steering one joins it.
func TestSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newStage(t, nativeVersion)
		if err := k.Send(t.Context(), drivers.Message{Text: "more", Steer: true}); universal.KindOf(err) != universal.KindInvalidRequest {
			t.Errorf("steering without a turn gives %v", err)
		}
		p := k.send()
		if err := k.Send(t.Context(), drivers.Message{Text: "more"}); universal.KindOf(err) != universal.KindSessionBusy {
			t.Errorf("a second message gives %v", err)
		}
		p.print(initOf(`"ask_user"`), echoLine)
		if err := k.Send(t.Context(), drivers.Message{Text: "more", Steer: true}); err != nil {
			t.Fatal(err)
		}
		p.print(assistant(`{"type":"text","text":"first"}`, `"end_turn"`))
		synctest.Wait()
		if strings.Contains(p.said(), typeEnd) {
			t.Error("the input was ended before the second message was answered")
		}
		p.print(echoLine, assistant(`{"type":"text","text":"second"}`, `"end_turn"`), `{"type":"result","subtype":"success","is_error":false}`)
		p.die(process.Exit{Code: new(int)})
		k.end(universal.StopEndTurn)
		if got := p.said(); !strings.Contains(got, `"steer":true`) {
			t.Errorf("the process was told %q", got)
		}
		// The next turn continues the thread.
		p = k.send()
		if got := strings.Join(p.spec.Args[:3], " "); got != "threads continue "+thread {
			t.Errorf("the second turn is started with %q", got)
		}
		k.close()

		k = newStage(t, mayVersion)
		p = k.send()
		if err := k.Send(t.Context(), drivers.Message{Text: "more", Steer: true}); universal.KindOf(err) != universal.KindNotSupported {
			t.Errorf("steering an old build gives %v", err)
		}
		synctest.Wait()
		if !strings.HasSuffix(p.said(), endLine) {
			t.Errorf("an old build is told %q", p.said())
		}
		k.close()
	})
}

// An interrupt that comes while the process is being started ends the turn all
// the same, and so does the end of the session.
func TestInterruptStart(t *testing.T) {
	for _, how := range []string{"interrupt", "close"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newStage(t, nativeVersion)
				launching, launch := make(chan struct{}), make(chan struct{})
				d := k.Session.(*session).driver
				inner := d.opts.Launch
				d.opts.Launch = func(ctx context.Context, spec process.Spec) (Transport, error) {
					close(launching)
					<-launch
					return inner(ctx, spec)
				}
				sent, ended := make(chan error, 1), make(chan error, 1)
				go func() { sent <- k.Send(t.Context(), drivers.Message{Text: "hi"}) }()
				<-launching
				go func() {
					if how == "close" {
						ended <- k.Close(t.Context())
						return
					}
					ended <- k.Interrupt(t.Context())
				}()
				synctest.Wait()
				close(launch)
				if err := errors.Join(<-sent, <-ended); err != nil {
					t.Error(err)
				}
				k.end(universal.StopInterrupted)
				if p := <-k.puppets; !p.isStopped() {
					t.Error("the process goes on")
				}
				k.close()
			})
		})
	}
}

// A start that fails leaves the session as it was.
func TestFailedLaunch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newStage(t, nativeVersion)
		d := k.Session.(*session).driver
		inner := d.opts.Launch
		d.opts.Launch = func(context.Context, process.Spec) (Transport, error) { return nil, fmt.Errorf("no such program") }
		err := k.Send(t.Context(), drivers.Message{Text: "hi"})
		if universal.KindOf(err) != universal.KindAgentProcessExited || !strings.Contains(err.Error(), "no such program") {
			t.Errorf("the error is %v", err)
		}
		d.opts.Launch = inner
		p := k.send()
		p.print(initOf(`"ask_user"`), `{"type":"result","subtype":"success","is_error":false}`)
		p.die(process.Exit{Code: new(int)})
		k.end(universal.StopEndTurn)
		k.close()
	})
}

// Without a key the CLI would wait for a browser.
func TestNoLogin(t *testing.T) {
	d := New(Options{
		Locate:  func() (string, error) { return "/usr/bin/amp", nil },
		Version: func(context.Context, string) (string, error) { return nativeVersion, nil },
		Environ: func() []string { return []string{"HOME=" + t.TempDir()} },
	})
	_, err := d.Start(t.Context(), drivers.Config{Directory: t.TempDir()}, drivertest.NewRecorder(0))
	if universal.KindOf(err) != universal.KindPermissionDenied || !strings.Contains(err.Error(), "amp login") {
		t.Errorf("the error is %v", err)
	}
}
