package install

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestIdentityChangesWithTheFile(t *testing.T) {
	path := write(t, "one", 0o755, t.TempDir(), "x")
	first, err := Identify(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Identify(path); err != nil || again != first {
		t.Errorf("identity %+v, then %+v, %v", first, again, err)
	}
	write(t, "another", 0o755, path)
	if second, err := Identify(path); err != nil || second == first {
		t.Errorf("identity %+v after a change, %v", second, err)
	}
	if _, err := Identify(path + "none"); err == nil {
		t.Error("identity of a file that isn't there")
	}
}

// A program is asked once, and again when its file has changed.
func TestVersionsAskOnce(t *testing.T) {
	path := write(t, "one", 0o755, t.TempDir(), "x")
	var v Versions
	var mu sync.Mutex
	asked := 0
	ask := func(context.Context) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		return []byte("agent 1.2.3 (released)\n"), nil
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := v.Of(t.Context(), path, ask, Word(1)); err != nil || got != "1.2.3" {
				t.Errorf("version %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if asked != 1 {
		t.Errorf("asked %d times, want once", asked)
	}
	write(t, "another", 0o755, path)
	if _, err := v.Of(t.Context(), path, ask, Word(0)); err != nil || asked != 2 {
		t.Errorf("asked %d times after a change, %v", asked, err)
	}
	if len(v.known) != 1 {
		t.Errorf("%d states of one file are kept", len(v.known))
	}
}

func TestVersionsForgetErrors(t *testing.T) {
	path := write(t, "one", 0o755, t.TempDir(), "x")
	var v Versions
	broken := errors.New("broken")
	answers := []struct {
		out  string
		err  error
		want string
	}{{err: broken}, {out: " \n"}, {out: "1.2.3\n", want: "1.2.3"}, {err: broken, want: "1.2.3"}}
	for i, a := range answers {
		got, err := v.Of(t.Context(), path, func(context.Context) ([]byte, error) { return []byte(a.out), a.err }, Word(0))
		if got != a.want || (err == nil) != (a.want != "") {
			t.Errorf("answer %d: version %q, %v", i, got, err)
		}
	}
	if _, err := v.Of(t.Context(), path+"none", nil, nil); err == nil {
		t.Error("a version of a file that isn't there")
	}
}

func TestVersionsGiveUpWaiting(t *testing.T) {
	path := write(t, "one", 0o755, t.TempDir(), "x")
	var v Versions
	ctx, cancel := context.WithCancel(t.Context())
	_, err := v.Of(t.Context(), path, func(context.Context) ([]byte, error) {
		cancel()
		_, err := v.Of(ctx, path, nil, nil)
		return nil, err
	}, Word(0))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the one who waited", err)
	}
}
