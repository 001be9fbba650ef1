package eventlog

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Scanned is what [Scan] found.
type Scanned struct {
	Name string // of the log
	Last uint64 // number of the last whole record, 0 if there is none
	// Size is where the last whole record ends, in bytes from the start of the
	// file: what to cut it to. 0 if not even the header is whole.
	Size int64
	// Torn tells that something follows that isn't a whole record, as when the
	// writer was killed while it wrote.
	Torn bool
}

// Scan reads the file of a log from its start and calls fn for each whole
// record, in order. The record's bytes are valid until fn returns. It stops at
// the first record that isn't whole or whose checksum is wrong: records can't
// be told apart behind it.
//
// The error is [ErrNotLog], [ErrVersion], what r returned, or what fn returned,
// which ends the scan. A torn tail is no error.
func Scan(r io.Reader, fn func(Record) error) (Scanned, error) {
	br := bufio.NewReaderSize(r, maxChunk)
	s := &scanner{r: br}
	found, err := s.header()
	if err != nil || found.Torn {
		return found, err
	}
	for {
		err := s.record()
		switch {
		case errors.Is(err, errTorn):
			found.Torn = true
			return found, nil
		case err == io.EOF:
			return found, nil
		case err != nil:
			return found, fmt.Errorf("scan event log %q: %w", found.Name, err)
		}
		run := Records{buf: s.buf, next: found.Last + 1, n: 1}
		rec, _ := run.Next()
		if err := fn(rec); err != nil {
			return found, err
		}
		found.Last++
		found.Size += int64(len(s.buf))
	}
}

// errTorn says that the input ends, or is wrong, within a header or a record.
var errTorn = errors.New("torn")

type scanner struct {
	r   io.Reader
	buf []byte // what is being read
}

// header reads the file's header.
func (s *scanner) header() (Scanned, error) {
	// What is there of the magic tells a torn header from another file.
	err := s.fill(fileHeaderFixed)
	if n := min(len(s.buf), len(magic)); string(s.buf[:n]) != magic[:n] {
		return Scanned{}, ErrNotLog
	}
	if err == nil {
		if v := binary.LittleEndian.Uint32(s.buf[len(magic):]); v != formatVersion {
			return Scanned{}, fmt.Errorf("%w (version %d)", ErrVersion, v)
		}
		nameLen := binary.LittleEndian.Uint32(s.buf[len(magic)+4:])
		if nameLen > MaxRecord {
			return Scanned{Torn: true}, nil
		}
		err = s.fill(fileHeaderFixed + int(nameLen) + 4)
	}
	if err == io.EOF || errors.Is(err, errTorn) {
		return Scanned{Torn: true}, nil
	}
	if err != nil {
		return Scanned{}, fmt.Errorf("scan event log: %w", err)
	}
	end := len(s.buf) - 4
	if binary.LittleEndian.Uint32(s.buf[end:]) != crc32.Checksum(s.buf[:end], castagnoli) {
		return Scanned{Torn: true}, nil
	}
	found := Scanned{Name: string(s.buf[fileHeaderFixed:end]), Size: int64(len(s.buf))}
	s.buf = s.buf[:0]
	return found, nil
}

// record reads the next record into buf. At the end of the input the error is
// io.EOF.
func (s *scanner) record() error {
	s.buf = s.buf[:0]
	if err := s.fill(recordHeaderSize); err != nil {
		return err
	}
	size := recordSize(s.buf)
	if size > recordHeaderSize+MaxRecord {
		return errTorn // and not a reason to read gigabytes
	}
	if err := s.fill(int(size)); err != nil {
		return err
	}
	if !intact(s.buf) {
		return errTorn
	}
	return nil
}

// fill reads until buf has n bytes. It grows buf only as bytes really come: a
// length that is damaged costs no memory. If the input ends the error is io.EOF
// for an empty buf and errTorn otherwise.
func (s *scanner) fill(n int) error {
	for len(s.buf) < n {
		have := len(s.buf)
		step := min(n-have, max(have, maxChunk))
		if cap(s.buf) < have+step {
			s.buf = append(make([]byte, 0, have+step), s.buf...)
		}
		got, err := io.ReadFull(s.r, s.buf[have:have+step])
		s.buf = s.buf[:have+got]
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			if len(s.buf) == 0 {
				return io.EOF
			}
			return errTorn
		case err != nil:
			return err
		}
	}
	return nil
}
