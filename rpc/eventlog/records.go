package eventlog

import (
	"encoding/binary"
	"iter"
)

// A Record is one event as it was appended. Its bytes must not be changed; they
// stay valid as long as they are kept, and keep the run of records that they
// came with in memory (some 64 KiB, or the record itself where it is larger).
type Record struct {
	Seq  uint64 // sequence number, from 1
	Tag  uint64 // what the writer gave
	Head []byte
	Raw  []byte // nil if there is none
}

// Records is a run of consecutive records. The zero value is empty. Copies are
// independent of each other.
type Records struct {
	buf  []byte // whole records, as in the file
	next uint64 // sequence number of the first of them
	n    int
}

// Len is the number of records that are left in the run.
func (r *Records) Len() int { return r.n }

// Next takes the first record off the run; ok is false if the run is empty.
func (r *Records) Next() (rec Record, ok bool) {
	if r.n == 0 {
		return Record{}, false
	}
	headEnd := recordHeaderSize + int(binary.LittleEndian.Uint32(r.buf[4:]))
	end := headEnd + int(binary.LittleEndian.Uint32(r.buf[8:]))
	rec = Record{
		Seq: r.next,
		Tag: binary.LittleEndian.Uint64(r.buf[12:]),
		// The capacity ends with the bytes, so that appending to them copies.
		Head: r.buf[recordHeaderSize:headEnd:headEnd],
	}
	if end > headEnd {
		rec.Raw = r.buf[headEnd:end:end]
	}
	r.buf = r.buf[end:]
	r.next++
	r.n--
	return rec, true
}

// All iterates over the records that are left, and leaves the run as it is.
func (r *Records) All() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		rest := *r
		for rest.n > 0 {
			rec, _ := rest.Next()
			if !yield(rec) {
				return
			}
		}
	}
}

// skip takes records off the run until it begins with seq, which must be in it,
// and returns how many bytes those were.
func (r *Records) skip(seq uint64) int64 {
	var skipped int64
	for r.next < seq {
		size := recordSize(r.buf)
		r.buf = r.buf[size:]
		r.next++
		r.n--
		skipped += size
	}
	return skipped
}
