package install

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// The tests install Amp, as for a system that everybody knows.
const (
	testAgent   = "amp"
	testHost    = Platform("linux-x64")
	testPackage = "@ampcode/cli-linux-x64"
	launcher    = "@ampcode/cli"
	// nowhere is an address at which nobody listens. That of a server which was
	// closed may be somebody else's by the time that it is asked.
	nowhere = "http://127.0.0.1:1"
)

// bench is an installer in front of a scripted registry that has a few
// versions.
type bench struct {
	*Installer
	registry *scripted
	home     string
	data     string
	environ  []string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{registry: newScripted(t), home: t.TempDir(), data: t.TempDir()}
	b.environ = append(userIn(t, b.home), DataDirVariable+"="+b.data, "npm_config_registry="+b.registry.URL)
	b.Installer = NewInstaller(func() []string { return b.environ })
	b.host, b.pause = testHost, 0
	b.registry.tags["latest"] = "2.0.0"
	for _, version := range []string{"1.0.0", "2.0.0"} {
		b.registry.publish(launcher, version, archive(t))
		b.registry.publish(testPackage, version, program(t, version))
	}
	return b
}

// program is a package with a program that is its version.
func program(t *testing.T, version string) []byte {
	t.Helper()
	return archive(t,
		entry{name: "package/package.json", body: "{}", mode: 0o644},
		entry{name: "package/amp", body: executable + version, mode: 0o644},
		entry{name: "package/beside/it", body: "x", mode: 0o755})
}

// located is what the program says that Locate finds, "" for none.
func (b *bench) located(t *testing.T) string {
	t.Helper()
	path, err := Locate(Amp(), lookup(b.environ))
	if err != nil {
		return ""
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(string(text), executable)
}

// folders are what the data directory holds of the agent.
func (b *bench) folders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(b.data, "agents", testAgent))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		if e.Name() != ".lock" && e.Name() != currentName {
			names = append(names, e.Name())
		}
	}
	return names
}

// downloads are how many tarballs were asked for since the last look.
func (b *bench) downloads() int {
	n := 0
	for _, path := range b.registry.requests() {
		if strings.HasSuffix(path, ".tgz") {
			n++
		}
	}
	return n
}

func (b *bench) install(t *testing.T, req Request) {
	t.Helper()
	req.Agent = testAgent
	if _, err := b.Install(t.Context(), req); err != nil {
		t.Fatalf("%v: %v", err, errors.Unwrap(err))
	}
}

func TestInstall(t *testing.T) {
	b := newBench(t)
	var steps []Step
	done, err := b.Install(t.Context(), Request{Agent: testAgent, Version: "1.0.0", Report: func(p Progress) {
		if len(steps) == 0 || steps[len(steps)-1] != p.Step {
			steps = append(steps, p.Step)
		}
	}})
	if err != nil {
		t.Fatalf("%v: %v", err, errors.Unwrap(err))
	}
	want := Installed{Version: "1.0.0", Path: filepath.Join(b.data, "agents", "amp", "1.0.0-linux-x64", "amp")}
	if done != want || b.located(t) != "1.0.0" {
		t.Errorf("installed %+v, want %+v; located %q", done, want, b.located(t))
	}
	if diff := cmp.Diff([]Step{Downloading, Unpacking, Over}, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(filepath.Join(filepath.Dir(done.Path), "beside", "it")); err != nil || info.Size() != 1 {
		t.Errorf("what lies beside the program: %v", err)
	}
	b.registry.requests()

	b.install(t, Request{Version: "1.0.0"})
	if asked := b.registry.requests(); len(asked) > 0 {
		t.Errorf("asked the registry for %q, for what was there", asked)
	}
}

// A name is resolved; versions stay, so that going back needs no registry.
func TestInstallSwitchesVersions(t *testing.T) {
	b := newBench(t)
	b.install(t, Request{Version: "1.0.0"})
	b.install(t, Request{Version: "latest"})
	if got := b.located(t); got != "2.0.0" {
		t.Errorf("located %q after latest", got)
	}
	b.registry.Close()
	b.install(t, Request{Version: "1.0.0"})
	if got := b.located(t); got != "1.0.0" {
		t.Errorf("located %q after going back", got)
	}
	if diff := cmp.Diff([]string{"1.0.0-linux-x64", "2.0.0-linux-x64"}, b.folders(t)); diff != "" {
		t.Errorf("folders (-want +got):\n%s", diff)
	}
}

func TestReinstallReplaces(t *testing.T) {
	b := newBench(t)
	b.install(t, Request{Version: "1.0.0"})
	b.registry.publish(testPackage, "1.0.0", program(t, "1.0.0 again"))
	b.install(t, Request{Version: "1.0.0"})
	if got := b.located(t); got != "1.0.0" {
		t.Errorf("located %q without a reinstall", got)
	}
	b.install(t, Request{Version: "1.0.0", Reinstall: true})
	if got := b.located(t); got != "1.0.0 again" || len(b.folders(t)) != 1 {
		t.Errorf("located %q in %v", got, b.folders(t))
	}
	if b.downloads() != 2 {
		t.Error("a reinstall has to download once more, and nothing else")
	}
}

// Whoever looks during a reinstall finds the old program or the new one.
func TestReinstallIsNeverMissed(t *testing.T) {
	b := newBench(t)
	b.install(t, Request{Version: "1.0.0"})
	over := make(chan struct{})
	var looking sync.WaitGroup
	for range 2 {
		looking.Go(func() {
			for {
				if _, err := Locate(Amp(), lookup(b.environ)); err != nil {
					t.Errorf("located %v", hintOf(t, err))
					return
				}
				select {
				case <-over:
					return
				default:
				}
			}
		})
	}
	for range 10 {
		b.install(t, Request{Version: "1.0.0", Reinstall: true})
	}
	close(over)
	looking.Wait()
}

// Whatever was damaged is installed again.
func TestInstallRepairs(t *testing.T) {
	folder := func(b *bench) string { return filepath.Join(b.data, "agents", "amp", "1.0.0-linux-x64") }
	for name, damage := range map[string]func(b *bench) error{
		"truncated program": func(b *bench) error { return os.Truncate(filepath.Join(folder(b), "amp"), 3) },
		"missing program":   func(b *bench) error { return os.Remove(filepath.Join(folder(b), "amp")) },
		"missing marker":    func(b *bench) error { return os.Remove(filepath.Join(folder(b), markerName)) },
		"broken marker": func(b *bench) error {
			return os.WriteFile(filepath.Join(folder(b), markerName), []byte(`{"executable":"../../../../x"}`), 0o644)
		},
		"missing pointer": func(b *bench) error { return os.Remove(filepath.Join(filepath.Dir(folder(b)), currentName)) },
		"pointer to elsewhere": func(b *bench) error {
			return os.WriteFile(filepath.Join(filepath.Dir(folder(b)), currentName), []byte("../../elsewhere\n"), 0o644)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.install(t, Request{Version: "1.0.0"})
			if err := damage(b); err != nil {
				t.Fatal(err)
			}
			if got := b.located(t); got != "" {
				t.Errorf("located %q, which is not what was installed", got)
			}
			b.install(t, Request{Version: "1.0.0"})
			if got := b.located(t); got != "1.0.0" || len(b.folders(t)) != 1 {
				t.Errorf("located %q in %v", got, b.folders(t))
			}
		})
	}
}

// One downloads, the others wait and find it done.
func TestInstallTwiceAtOnce(t *testing.T) {
	for name, tt := range map[string]struct{ there, reinstall bool }{
		"install":                    {},
		"reinstall":                  {reinstall: true},
		"reinstall of what is there": {there: true, reinstall: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if tt.there {
				b.install(t, Request{Version: "1.0.0"})
				b.downloads()
			}
			var begun, waiting sync.WaitGroup
			begun.Add(1)
			waiting.Add(3)
			b.registry.answerFirst(func(http.ResponseWriter, *http.Request) bool {
				begun.Done()
				waiting.Wait() // until the others have seen the lock
				b.registry.answerFirst(nil)
				return false
			})
			var wg sync.WaitGroup
			install := func(report Report) {
				wg.Go(func() {
					done, err := b.Install(t.Context(), Request{Agent: testAgent, Version: "1.0.0", Reinstall: tt.reinstall, Report: report})
					if err != nil || done.Version != "1.0.0" {
						t.Errorf("installed %+v, %v", done, err)
					}
				})
			}
			install(nil)
			begun.Wait()
			for range 3 {
				install(func(p Progress) {
					if p.Step == Waiting {
						waiting.Done()
					}
				})
			}
			wg.Wait()
			if n := b.downloads(); n != 1 {
				t.Errorf("%d downloads, want 1", n)
			}
			if left := b.folders(t); len(left) != 1 || b.located(t) != "1.0.0" {
				t.Errorf("left %v, located %q", left, b.located(t))
			}
		})
	}
}

// Every failure has its kind and its reason, says what to do, and leaves
// nothing that anybody would run.
func TestInstallFails(t *testing.T) {
	change := func(b *bench, do func(r *release)) { b.registry.change(testPackage, "1.0.0", do) }
	answer := func(code int) func(*bench) {
		return func(b *bench) {
			b.registry.answerFirst(func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(code)
				return true
			})
		}
	}
	other := func(entries ...entry) func(*testing.T, *bench) {
		return func(t *testing.T, b *bench) { b.registry.publish(testPackage, "1.0.0", archive(t, entries...)) }
	}
	on := func(f func(*bench)) func(*testing.T, *bench) { return func(_ *testing.T, b *bench) { f(b) } }
	tests := []struct {
		name    string
		prepare func(*testing.T, *bench)
		req     Request
		kind    universal.ErrorKind // install_failed if empty
		reason  string
		says    string
	}{
		{name: "unknown agent", req: Request{Agent: "nobody"}, kind: universal.KindUnsupportedAgent, says: "nobody"},
		{name: "no version", req: Request{Version: "../1.0.0"}, kind: universal.KindInvalidRequest, says: "give a version"},
		{name: "unknown version", req: Request{Version: "9.9.9"}, reason: "unknown_version", says: "has 2.0.0 as its latest"},
		{name: "unknown name", req: Request{Version: "next"}, reason: "unknown_version", says: "has the names latest"},
		{name: "unsupported platform", prepare: on(func(b *bench) { b.host = "plan9-mips" }), reason: "unsupported_platform", says: "plan9-mips"},
		{name: "path set", prepare: on(func(b *bench) { b.environ = append(b.environ, "SANDBOX_AGENT_AMP_PATH=elsewhere") }), reason: "path_set", says: "unset it"},
		{name: "nobody listens", prepare: on(func(b *bench) { b.environ[3] = "npm_config_registry=" + nowhere }), reason: "offline", says: "check the network"},
		{name: "no registry known", prepare: on(func(b *bench) { b.environ = b.environ[:3] }), reason: "no_registry", says: "npm_config_registry"},
		{name: "login wanted", prepare: on(answer(http.StatusUnauthorized)), reason: "login_needed", says: "npm login"},
		{name: "login refused", prepare: on(answer(http.StatusForbidden)), reason: "login_needed", says: "403"},
		{name: "registry out of order", prepare: on(answer(http.StatusBadGateway)), says: "answered 502 Bad Gateway"},
		{name: "not a registry", prepare: on(func(b *bench) {
			b.registry.answerFirst(func(w http.ResponseWriter, _ *http.Request) bool {
				fmt.Fprint(w, "<html>")
				return true
			})
		}), says: "doesn't answer as an npm registry"},
		{name: "no such package", prepare: on(func(b *bench) { delete(b.registry.packages, testPackage) }), reason: "unknown_version", says: "404"},
		{name: "wrong checksum", prepare: on(func(b *bench) {
			change(b, func(r *release) { r.integrity = integrityOf([]byte("another")) })
		}), reason: "integrity", says: "don't trust this registry"},
		{name: "no checksum", prepare: on(func(b *bench) { change(b, func(r *release) { r.integrity = "sha1-x" }) }), reason: "integrity", says: "no sha512"},
		{name: "another package than the tested one", req: Request{Version: Amp().Version}, prepare: func(t *testing.T, b *bench) {
			b.registry.publish(testPackage, Amp().Version, program(t, "evil"))
		}, reason: "integrity", says: "than the one that is known"},
		{name: "broken off", prepare: on(func(b *bench) {
			b.registry.answerFirst(func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, ".tgz") {
					return false
				}
				w.Header().Set("Content-Length", "1000000")
				fmt.Fprint(w, "x")
				return true
			})
		}), reason: "offline", says: "unexpected EOF"},
		{name: "no archive", prepare: on(func(b *bench) { b.registry.publish(testPackage, "1.0.0", []byte("x")) }), says: "unpack"},
		{name: "leads out", prepare: other(entry{name: "package/../../../../evil", body: "x"}), says: "leads out of the package"},
		{name: "without its program", prepare: other(entry{name: "package/other", body: "x"}), says: "does not hold its program"},
		{name: "data directory is a file", prepare: func(t *testing.T, b *bench) {
			b.environ = append(b.environ[:2:2], DataDirVariable+"="+write(t, "x", 0o644, b.home, "file"), "npm_config_registry="+b.registry.URL)
		}, says: "set SANDBOX_AGENT_DATA_DIR"},
		{name: "broken configuration", prepare: on(func(b *bench) { b.environ[3] = "npm_config_registry=nonsense" }), says: "no http or https address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			if tt.prepare != nil {
				tt.prepare(t, b)
			}
			if tt.req.Agent == "" {
				tt.req.Agent = testAgent
			}
			if tt.req.Version == "" {
				tt.req.Version = "1.0.0"
			}
			if tt.kind == "" {
				tt.kind = universal.KindInstallFailed
			}
			_, err := b.Install(t.Context(), tt.req)
			var e *universal.Error
			if !errors.As(err, &e) || e.Kind != tt.kind {
				t.Fatalf("error %v, want one of kind %s", err, tt.kind)
			}
			reason, _ := e.Details["reason"].(string)
			message, _ := e.Details["message"].(string)
			if reason != tt.reason || !strings.Contains(e.Detail+": "+message, tt.says) {
				t.Errorf("reason %q: %s: %s\nwant %q and %q", reason, e.Detail, message, tt.reason, tt.says)
			}
			if e.Kind == universal.KindInstallFailed && e.Detail != "install failed: amp" {
				t.Errorf("detail %q", e.Detail)
			}
			if left := b.folders(t); len(left) > 0 || b.located(t) != "" && tt.reason != "path_set" {
				t.Errorf("left %v, located %q", left, b.located(t))
			}
		})
	}
}

// A registry that is out of order for a moment is asked again.
func TestInstallTriesAgain(t *testing.T) {
	b := newBench(t)
	failures := 2
	b.registry.answerFirst(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, ".tgz") || failures == 0 {
			return false
		}
		failures--
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	b.install(t, Request{Version: "1.0.0"})
	if n := b.downloads(); n != 3 {
		t.Errorf("%d downloads, want the third to succeed", n)
	}
}

func TestInstallGivenUp(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the caller is gone")
	b.registry.answerFirst(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, ".tgz") {
			return false
		}
		w.Header().Set("Content-Length", "1000000")
		_ = http.NewResponseController(w).Flush()
		cancel(gone)
		<-r.Context().Done()
		return true
	})
	if _, err := b.Install(ctx, Request{Agent: testAgent, Version: "1.0.0"}); !errors.Is(err, gone) {
		t.Errorf("error %v, want the context's", err)
	}
	if left := b.folders(t); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestInstallGivenUpWhileWaiting(t *testing.T) {
	b := newBench(t)
	held, _, err := lock(t.Context(), filepath.Join(b.data, "agents", testAgent), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = b.Install(ctx, Request{Agent: testAgent, Report: func(p Progress) {
		if p.Step == Waiting {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(b.registry.requests()) > 0 {
		t.Errorf("error %v", err)
	}
}

// A token goes to the registry that it is for and to nobody else.
func TestInstallWithToken(t *testing.T) {
	b := newBench(t)
	var mu sync.Mutex
	strangers := []string{}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		strangers = append(strangers, r.Header.Get("Authorization"))
		_, _ = w.Write(b.registry.tarball(testPackage, "1.0.0"))
	}))
	defer elsewhere.Close()
	b.registry.change(testPackage, "1.0.0", func(r *release) { r.elsewhere = elsewhere.URL + "/files/amp.tgz" })
	b.registry.answerFirst(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "Bearer made-up" {
			return false
		}
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	write(t, strings.TrimPrefix(b.registry.URL, "http:")+"/:_authToken=${TOKEN}\n", 0o600, b.home, ".npmrc")
	b.environ = append(b.environ, "TOKEN=made-up")
	b.install(t, Request{Version: "1.0.0"})
	if diff := cmp.Diff([]string{""}, strangers); diff != "" {
		t.Errorf("what the other server was sent (-want +got):\n%s", diff)
	}
}

// A mirror may tell addresses that can't be reached from here.
func TestInstallFromMirror(t *testing.T) {
	b := newBench(t)
	b.registry.change(testPackage, "1.0.0", func(r *release) { r.elsewhere = nowhere + "/" + testPackage + "/-/1.0.0.tgz" })
	b.install(t, Request{Version: "1.0.0"})
	if got := b.located(t); got != "1.0.0" {
		t.Errorf("located %q", got)
	}
}

// A registry below a path, with a login for that path: tarballs that lie
// beside it, and a mirrored registry's, are asked for with the login too.
func TestInstallFromRegistryWithAPath(t *testing.T) {
	b := newBench(t)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, below := strings.CutPrefix(r.URL.Path, "/team/npm")
		if beside, ok := strings.CutPrefix(r.URL.Path, "/files"); ok {
			path, below = beside, true
		}
		switch {
		case r.Header.Get("Authorization") != "Bearer made-up":
			w.WriteHeader(http.StatusUnauthorized)
		case !below:
			http.NotFound(w, r)
		default:
			r.URL.Path = path
			b.registry.ServeHTTP(w, r)
		}
	}))
	defer front.Close()
	b.registry.change(testPackage, "1.0.0", func(r *release) { r.elsewhere = front.URL + "/files/" + testPackage + "/-/1.0.0.tgz" })
	b.registry.change(testPackage, "2.0.0", func(r *release) { r.elsewhere = nowhere + "/" + testPackage + "/-/2.0.0.tgz" })
	b.environ = append(b.environ, "npm_config_registry="+front.URL+"/team/npm")
	write(t, strings.TrimPrefix(front.URL, "http:")+"/team/npm/:_authToken=made-up\n", 0o600, b.home, ".npmrc")
	for _, version := range []string{"1.0.0", "latest"} {
		b.install(t, Request{Version: version})
	}
	if got := b.located(t); got != "2.0.0" {
		t.Errorf("located %q", got)
	}
}

func TestInstallThroughProxy(t *testing.T) {
	b := newBench(t)
	b.environ[3] = "npm_config_registry=http://registry.invalid/npm/"
	var mu sync.Mutex
	hosts := map[string]bool{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		hosts[r.Host] = true
		mu.Unlock()
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/npm")
		b.registry.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	b.registry.change(testPackage, "2.0.0", func(r *release) { r.elsewhere = "http://registry.invalid/npm/" + testPackage + "/-/2.0.0.tgz" })
	write(t, "proxy="+proxy.URL+"\n", 0o600, b.home, ".npmrc")
	b.install(t, Request{Version: "latest"})
	if got := b.located(t); got != "2.0.0" || len(hosts) != 1 || !hosts["registry.invalid"] {
		t.Errorf("located %q through a proxy that was asked for %v", got, hosts)
	}
}

// What another user of this package installs has no versions to choose from.
func TestFetch(t *testing.T) {
	b := newBench(t)
	tarball := b.registry.tarball(testPackage, "1.0.0")
	pkg := Package{Name: testPackage, Version: "1.0.0", Integrity: integrityOf(tarball), Executable: "amp"}
	dir := filepath.Join(t.TempDir(), "amp", "1.0.0")
	for range 2 {
		path, err := Fetch(t.Context(), b.environ, pkg, dir, nil)
		if err != nil || path != filepath.Join(dir, "amp") {
			t.Fatalf("fetched %q, %v", path, err)
		}
	}
	if n := b.downloads(); n != 1 {
		t.Errorf("%d downloads, want 1", n)
	}
	pkg.Integrity = integrityOf([]byte("another"))
	if _, err := Fetch(t.Context(), b.environ, pkg, dir, nil); !errors.Is(err, ErrIntegrity) {
		t.Errorf("error %v for another digest", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), stagingPrefix) }) {
		t.Errorf("left %v, %v", entries, err)
	}
}
