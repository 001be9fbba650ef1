//go:build unix

package stdio

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// blockingPipe returns a pipe whose ends are in blocking mode, as a process gets
// its standard streams.
func blockingPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	r.Fd() // sets the mode
	w.Fd()
	return r, w
}

func isNonblocking(t *testing.T, f *os.File) bool {
	t.Helper()
	fd, err := descriptor(f)
	if err != nil {
		t.Fatal(err)
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		t.Fatal(err)
	}
	return flags&unix.O_NONBLOCK != 0
}

func TestStandardPipes(t *testing.T) {
	inR, inW := blockingPipe(t)
	outR, outW := blockingPipe(t)
	conn, restore, err := openPair(inR, outW)
	if err != nil {
		t.Fatal(err)
	}
	if !isNonblocking(t, inR) || !isNonblocking(t, outW) {
		t.Error("the pipes are in blocking mode")
	}
	s := NewStream(conn, StreamOptions{})
	served := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { served <- Serve(ctx, s, testHandler(s), unhurried) }()
	fmt.Fprintln(inW, `{"id":1,"method":"echo"}`)
	if line, err := bufio.NewReader(outR).ReadString('\n'); err != nil || line != `{"jsonrpc":"2.0","id":1,"result":{}}`+"\n" {
		t.Errorf("answer %q, %v", line, err)
	}
	cancel() // the read of the open input must end
	if err := <-served; !errors.Is(err, context.Canceled) {
		t.Errorf("Serve = %v", err)
	}
	if err := restore(); err != nil {
		t.Errorf("restore: %v", err)
	}
	if isNonblocking(t, inR) || isNonblocking(t, outW) {
		t.Error("the mode of the pipes was not set back")
	}
}

func TestStandardCloseFreesBlockedWrite(t *testing.T) {
	inR, _ := blockingPipe(t)
	_, outW := blockingPipe(t)
	conn, restore, err := openPair(inR, outW)
	if err != nil {
		t.Fatal(err)
	}
	s := NewStream(conn, StreamOptions{})
	done := make(chan error, 1)
	started := make(chan struct{})
	go func() {
		b := s.NewBatch()
		b.Append([]byte(strings.Repeat("x", 1<<20))) // much more than a pipe holds
		close(started)
		done <- s.WriteBatch(context.Background(), b)
	}()
	<-started
	s.Close()
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("WriteBatch = %v, want ErrClosed", err)
	}
	if err := restore(); err != nil {
		t.Error(err)
	}
}

func TestStandardReportsBrokenPipe(t *testing.T) {
	inR, inW := blockingPipe(t)
	outR, outW := blockingPipe(t)
	conn, restore, err := openPair(inR, outW)
	if err != nil {
		t.Fatal(err)
	}
	defer restore()
	outR.Close()
	s := NewStream(conn, StreamOptions{})
	served := make(chan error, 1)
	go func() { served <- Serve(context.Background(), s, testHandler(s), unhurried) }()
	fmt.Fprintln(inW, `{"id":1,"method":"echo"}`)
	if err := <-served; !errors.Is(err, ErrOutputBroken) || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Serve = %v, want the broken pipe", err)
	}
}

// Files on disk and devices can't be polled.
func TestStandardFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, []byte(`{"id":1,"method":"echo"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	conn, restore, err := openPair(in, out)
	if err != nil {
		t.Fatal(err)
	}
	s := NewStream(conn, StreamOptions{})
	if err := Serve(t.Context(), s, testHandler(s), unhurried); err != nil {
		t.Errorf("Serve = %v", err)
	}
	if err := restore(); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(out.Name()); err != nil || string(got) != `{"jsonrpc":"2.0","id":1,"result":{}}`+"\n" {
		t.Errorf("output %q, %v", got, err)
	}

	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	conn, restore, err = openPair(null, null)
	if err != nil {
		t.Fatal(err)
	}
	s = NewStream(conn, StreamOptions{})
	if err := Serve(t.Context(), s, testHandler(s), unhurried); err != nil {
		t.Errorf("Serve on the null device = %v", err)
	}
	if err := restore(); err != nil {
		t.Error(err)
	}
}

func TestStandardOpenFails(t *testing.T) {
	r, w := blockingPipe(t)
	w.Close()
	if _, _, err := openPair(r, w); err == nil {
		t.Error("a closed output was opened")
	}
	if isNonblocking(t, r) {
		t.Error("the mode of the input was not set back")
	}
}

var _ io.ReadWriteCloser = (*ownedDetached)(nil)
