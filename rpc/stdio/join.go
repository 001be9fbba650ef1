package stdio

import (
	"errors"
	"io"
	"sync"
)

// Join makes one connection of a reader and a writer, such as the two ends of a
// child's pipes.
func Join(r io.ReadCloser, w io.WriteCloser) io.ReadWriteCloser {
	return &joined{r, &closeOnce{WriteCloser: w}}
}

type joined struct {
	io.ReadCloser
	w io.WriteCloser
}

func (j *joined) Write(p []byte) (int, error) { return j.w.Write(p) }

// CloseWrite closes the writer only: the peer sees the end of its input and can
// still answer.
func (j *joined) CloseWrite() error { return j.w.Close() }

// Close closes both.
func (j *joined) Close() error { return errors.Join(j.w.Close(), j.ReadCloser.Close()) }

// closeOnce is a writer that CloseWrite and Close may both close.
type closeOnce struct {
	io.WriteCloser
	once sync.Once
	err  error
}

func (c *closeOnce) Close() error {
	c.once.Do(func() { c.err = c.WriteCloser.Close() })
	return c.err
}
