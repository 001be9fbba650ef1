package stdio

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// maxHeaderLine bounds one header line. Real ones have less than 100 bytes.
const maxHeaderLine = 8 << 10

const contentLength = "content-length"

// bodyLength reads one block of headers and returns the length it announces.
//
// Bytes that are no headers, such as a body whose length was announced wrongly,
// are reported once and skipped up to the next Content-Length, which may stand in
// the middle of a line since bodies don't end with one.
func (r *frameReader) bodyLength() (int64, error) {
	var (
		length  int64
		known   bool // a good Content-Length was seen
		started bool // the block has a line
		garbage bool // and one of them was no header
	)
	for {
		line, err := r.headerLine()
		switch {
		case errors.Is(err, errLineTooLong):
			started, garbage = true, true
			continue
		case errors.Is(err, io.EOF) && started:
			return 0, parseError("the input ended inside a header")
		case err != nil:
			return 0, err
		}
		if len(line) == 0 {
			switch {
			case !started:
				continue
			case garbage:
				return 0, parseError("not a header")
			case !known:
				return 0, parseError("a header without Content-Length")
			}
			return length, nil
		}
		name, value, isHeader := cutHeader(line)
		switch {
		case isHeader && strings.EqualFold(string(name), contentLength):
			if garbage {
				r.header = bytes.Clone(line)
				return 0, parseError("not a header")
			}
			n, err := strconv.ParseUint(string(value), 10, 63)
			if err != nil {
				garbage = true
			}
			length, known = int64(n), err == nil
		case isHeader:
			// Content-Type and whatever else: ignored.
		default:
			garbage = true
			if i := bytes.Index(bytes.ToLower(line), []byte(contentLength+":")); i >= 0 {
				r.header = bytes.Clone(line[i:])
				return 0, parseError("not a header")
			}
		}
		started = true
	}
}

// headerLine returns the next line without its end.
func (r *frameReader) headerLine() ([]byte, error) {
	if line := r.header; line != nil {
		r.header = nil
		return line, nil
	}
	f, err := r.lines.next(maxHeaderLine)
	return bytes.TrimSpace(bytes.TrimPrefix(f.data, []byte(bom))), err
}

// cutHeader splits a line at its colon if what precedes it can be a header's name.
func cutHeader(line []byte) (name, value []byte, ok bool) {
	name, value, ok = bytes.Cut(line, []byte{':'})
	name = bytes.TrimSpace(name)
	if !ok || len(name) == 0 {
		return nil, nil, false
	}
	for _, c := range name {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && c != '-' && c != '_' && (c < '0' || c > '9') {
			return nil, nil, false
		}
	}
	return name, bytes.TrimSpace(value), true
}
