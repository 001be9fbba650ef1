package stdio

import (
	"io"
	"os"
	"sync"
)

// detached makes Reads and Writes of a file endable whose own can't be ended, by
// doing them in goroutines of their own. Close frees the caller at once and leaves
// the file open. A goroutine whose Read or Write doesn't return stays; for the
// standard streams that is until the process exits. Each goroutine starts at the
// first use.
type detached struct {
	file      io.ReadWriter
	closed    chan struct{}
	closeOnce sync.Once

	startRead sync.Once
	chunks    chan chunk    // what was read
	consumed  chan struct{} // the chunk may be overwritten
	rest      []byte        // of the current chunk
	readErr   error

	startWrite sync.Once
	work       chan []byte
	results    chan result
	buf        []byte // the copy that is written: the caller's bytes are its own again after Close
}

type chunk struct {
	data []byte
	err  error
}

type result struct {
	n   int
	err error
}

func newDetached(file io.ReadWriter) *detached {
	return &detached{
		file:     file,
		closed:   make(chan struct{}),
		chunks:   make(chan chunk),
		consumed: make(chan struct{}),
		work:     make(chan []byte),
		results:  make(chan result),
	}
}

// Read is for one goroutine at a time.
func (d *detached) Read(p []byte) (int, error) {
	d.startRead.Do(func() { go d.readAll() })
	for len(d.rest) == 0 {
		if d.readErr != nil {
			return 0, d.readErr
		}
		select {
		case c := <-d.chunks:
			d.rest, d.readErr = c.data, c.err
		case <-d.closed:
			return 0, os.ErrClosed
		}
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	if len(d.rest) == 0 && d.readErr == nil {
		select {
		case d.consumed <- struct{}{}:
		case <-d.closed:
		}
	}
	return n, nil
}

// readAll ends with the input or with Close.
func (d *detached) readAll() {
	buf := make([]byte, readBuffer)
	for {
		n, err := d.file.Read(buf)
		if n == 0 && err == nil {
			continue
		}
		select {
		case d.chunks <- chunk{buf[:n], err}:
		case <-d.closed:
			return
		}
		if err != nil {
			return
		}
		select {
		case <-d.consumed:
		case <-d.closed:
			return
		}
	}
}

// Write is for one goroutine at a time.
func (d *detached) Write(p []byte) (int, error) {
	d.startWrite.Do(func() { go d.writeAll() })
	select {
	case <-d.closed:
		return 0, os.ErrClosed
	default:
	}
	d.buf = append(d.buf[:0], p...)
	select {
	case d.work <- d.buf:
	case <-d.closed:
		return 0, os.ErrClosed
	}
	select {
	case r := <-d.results:
		return r.n, r.err
	case <-d.closed:
		return 0, os.ErrClosed
	}
}

// writeAll ends with Close.
func (d *detached) writeAll() {
	for {
		select {
		case p := <-d.work:
			n, err := d.file.Write(p)
			select {
			case d.results <- result{n, err}:
			case <-d.closed:
				return
			}
		case <-d.closed:
			return
		}
	}
}

func (d *detached) Close() error {
	err := os.ErrClosed
	d.closeOnce.Do(func() {
		close(d.closed)
		err = nil
	})
	return err
}
