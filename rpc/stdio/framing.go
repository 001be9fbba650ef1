package stdio

import (
	"bytes"
	"errors"
	"io"
	"strconv"
)

// Framing says how messages are told apart in a stream of bytes.
type Framing int32

const (
	// FramingAuto is decided by the first byte of the input. Until there is one,
	// output goes out line by line.
	FramingAuto Framing = iota
	// FramingLine is one message per line. LF ends a line; CR LF, blank lines and
	// a byte order mark are accepted.
	FramingLine
	// FramingHeader is a block of headers as in LSP before each message.
	// Content-Length counts, in any spelling; other headers are ignored.
	FramingHeader
)

func (f Framing) String() string {
	switch f {
	case FramingAuto:
		return "auto"
	case FramingLine:
		return "line"
	case FramingHeader:
		return "header"
	}
	return "Framing(" + strconv.Itoa(int(f)) + ")"
}

// detect reads the framing off the first byte of r that is neither part of a byte
// order mark nor white space, and leaves r at that byte.
func detect(r *lineReader) (Framing, error) {
	if err := r.skipBOM(); err != nil {
		return FramingAuto, err
	}
	for {
		c, err := r.peekByte()
		if err != nil {
			return FramingAuto, err
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			r.skipByte()
		case 'C', 'c':
			return FramingHeader, nil
		default:
			return FramingLine, nil
		}
	}
}

// appendFrameHead appends what precedes a message of n bytes.
func (f Framing) appendFrameHead(dst []byte, n int) []byte {
	if f == FramingHeader {
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, int64(n), 10)
		dst = append(dst, "\r\n\r\n"...)
	}
	return dst
}

// appendFrameTail appends what follows a message.
func (f Framing) appendFrameTail(dst []byte) []byte {
	if f != FramingHeader {
		dst = append(dst, '\n')
	}
	return dst
}

// A frame is the bytes of one message. Unless owned, they are a view of the
// reader's buffer and valid until the next frame is read.
type frame struct {
	data  []byte
	owned bool
}

// frameReader cuts the input into frames. Its errors are either final, those of
// the input, or wrap [ErrParse] or [ErrTooLong]; after those the next call goes on
// with the next frame.
type frameReader struct {
	lines  *lineReader
	max    int
	header []byte // a header line that was found behind garbage and is still to be read
}

// nextLine returns the next line that isn't blank.
func (r *frameReader) nextLine() (frame, error) {
	for {
		f, err := r.lines.next(r.max)
		if errors.Is(err, errLineTooLong) {
			return frame{}, tooLong(r.max)
		}
		if err != nil {
			return frame{}, err
		}
		if len(bytes.TrimSpace(bytes.TrimPrefix(f.data, []byte(bom)))) > 0 {
			return f, nil
		}
	}
}

// nextBody returns the next message behind headers.
func (r *frameReader) nextBody() (frame, error) {
	n, err := r.bodyLength()
	if err != nil {
		return frame{}, err
	}
	if n > int64(r.max) {
		// The end of the input inside the skipped part shows at the next call.
		if err := r.lines.skip(n); err != nil && !errors.Is(err, io.EOF) {
			return frame{}, err
		}
		return frame{}, tooLong(r.max)
	}
	f, err := r.lines.exactly(int(n))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return frame{}, parseError("the input ended inside a message")
	}
	return f, err
}
