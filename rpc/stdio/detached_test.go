package stdio

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"testing/synctest"
)

func TestDetachedCopies(t *testing.T) {
	near, far := pipes()
	d := newDetached(far)
	out := collect(near)
	sent := bytes.Repeat([]byte("0123456789"), 50_000)
	go func() {
		near.Write(sent)
		near.CloseWrite()
	}()
	if _, err := io.CopyBuffer(struct{ io.Writer }{d}, struct{ io.Reader }{d}, make([]byte, 777)); err != nil {
		t.Errorf("copy: %v", err)
	}
	if _, err := d.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read after the end = %v, want EOF again", err)
	}
	d.Close()
	far.Close()
	<-out.done
	if !bytes.Equal(sent, out.data) {
		t.Errorf("%d bytes came back, %d were sent", len(out.data), len(sent))
	}
}

func TestDetachedCloseFrees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipes()
		d := newDetached(far)
		results := make(chan error, 2)
		go func() {
			_, err := d.Read(make([]byte, 1))
			results <- err
		}()
		go func() {
			_, err := d.Write([]byte("x"))
			results <- err
		}()
		synctest.Wait()
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		for range 2 {
			if err := <-results; !errors.Is(err, os.ErrClosed) {
				t.Errorf("got %v, want os.ErrClosed", err)
			}
		}
		if _, err := d.Write(nil); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Write after Close = %v", err)
		}
		if err := d.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("second Close = %v", err)
		}
		near.Close() // what the stuck Read and Write wait for
	})
}
