package stdio

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// readBuffer is the size of the read buffer. Messages up to this size are looked
// at where they lie; longer ones are collected.
const readBuffer = 64 << 10

// bom is the byte order mark that some Windows programs put before their output.
const bom = "\xef\xbb\xbf"

var errLineTooLong = errors.New("line too long")

func parseError(detail string) error { return fmt.Errorf("%w: %s", ErrParse, detail) }

func tooLong(limit int) error {
	return fmt.Errorf("%w: the limit is %d bytes", ErrTooLong, limit)
}

// lineReader reads lines and counted pieces of any length, and holds no more of
// them than it is asked for. An error of the input stays: the input isn't asked
// again.
type lineReader struct {
	br  *bufio.Reader
	err error
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{br: bufio.NewReaderSize(r, readBuffer)}
}

// next returns the next line without its end. A last line that the end of the
// input cuts is a line. One of more than limit bytes is skipped and reported as
// errLineTooLong.
func (r *lineReader) next(limit int) (frame, error) {
	if r.err != nil {
		return frame{}, r.err
	}
	part, err := r.br.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return r.finish(frame{data: part}, limit, err)
	}
	var line []byte
	for {
		// The end of the line, which doesn't count, is at most two bytes.
		if len(line)+len(part)-2 > limit {
			return frame{}, r.skipLine(err)
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return r.finish(frame{data: line, owned: true}, limit, err)
		}
		part, err = r.br.ReadSlice('\n')
	}
}

// finish makes a line of what was read until err.
func (r *lineReader) finish(f frame, limit int, err error) (frame, error) {
	if err != nil {
		r.err = err
		if len(f.data) == 0 || !errors.Is(err, io.EOF) {
			return frame{}, err
		}
	}
	f.data = bytes.TrimSuffix(f.data, []byte{'\n'})
	f.data = bytes.TrimSuffix(f.data, []byte{'\r'})
	if len(f.data) > limit {
		return frame{}, errLineTooLong
	}
	return f, nil
}

// skipLine reads up to the end of a line of which err is the state so far.
func (r *lineReader) skipLine(err error) error {
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.br.ReadSlice('\n')
	}
	if err != nil {
		r.err = err
		if !errors.Is(err, io.EOF) {
			return err
		}
	}
	return errLineTooLong
}

// exactly returns the next n bytes, or io.ErrUnexpectedEOF if there are fewer. The
// memory for them grows with what arrives, not with what was announced.
func (r *lineReader) exactly(n int) (frame, error) {
	if r.err != nil {
		return frame{}, r.short(r.err)
	}
	if n <= readBuffer {
		data, err := r.br.Peek(n)
		if err != nil {
			return frame{}, r.short(err)
		}
		r.br.Discard(n) // can't fail: the bytes are there
		return frame{data: data}, nil
	}
	data := make([]byte, 0, readBuffer)
	for len(data) < n {
		if len(data) == cap(data) {
			grown := make([]byte, len(data), min(2*cap(data), n))
			copy(grown, data)
			data = grown
		}
		m, err := r.br.Read(data[len(data):cap(data)])
		data = data[:len(data)+m]
		if err != nil && len(data) < n {
			return frame{}, r.short(err)
		}
	}
	return frame{data: data, owned: true}, nil
}

func (r *lineReader) short(err error) error {
	r.err = err
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// skip drops n bytes.
func (r *lineReader) skip(n int64) error {
	if r.err != nil {
		return r.err
	}
	_, err := io.CopyN(io.Discard, r.br, n)
	r.err = err
	return err
}

func (r *lineReader) peekByte() (byte, error) {
	if r.err != nil {
		return 0, r.err
	}
	p, err := r.br.Peek(1)
	if err != nil {
		r.err = err
		return 0, err
	}
	return p[0], nil
}

func (r *lineReader) skipByte() { r.br.Discard(1) }

// skipBOM drops a byte order mark. It asks for more than one byte only if the
// first one is that of a mark, since a client may wait after any byte.
func (r *lineReader) skipBOM() error {
	c, err := r.peekByte()
	if err != nil || c != bom[0] {
		return err
	}
	if p, _ := r.br.Peek(len(bom)); string(p) == bom {
		r.br.Discard(len(bom))
	}
	return nil
}
