package remote

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// EachEvent hands on the data of a stream's events, in order, until the stream
// ends. A stream that ends within an event is an error.
func EachEvent(stream io.Reader, do func(data []byte) error) error {
	lines := bufio.NewReader(stream)
	var data []byte
	begun := false
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if begun || len(line) > 0 {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		value, isData := bytes.CutPrefix(line, []byte("data:"))
		switch {
		case isData && begun:
			data = append(append(data, '\n'), bytes.TrimPrefix(value, []byte(" "))...)
		case isData:
			data, begun = append(data[:0], bytes.TrimPrefix(value, []byte(" "))...), true
		case len(line) == 0 && begun:
			begun = false
			if err := do(data); err != nil {
				return err
			}
		}
	}
}
