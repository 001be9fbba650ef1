package eventlog

// A Batch collects records for one [Log.Append]. It is meant to be reused:
// append it, Reset it, fill it again. The zero value is empty and ready. Not
// safe for concurrent use.
//
// A record is added by [Batch.Add], or without a copy by encoding right into
// the batch:
//
//	buf := b.Begin(tag)
//	buf = append(buf, head...)
//	buf = b.EndHead(buf)
//	buf = append(buf, raw...) // or nothing
//	b.End(buf)
type Batch struct {
	buf      []byte // whole records, as in the file
	ends     []int  // where in buf each record ends
	tag      uint64 // of the record between Begin and End
	headEnd  int    // where in buf its head ends
	tooLarge bool   // some record was; Append refuses the batch
}

// keepCapacity is how many bytes of buffer Reset keeps for the next use: a
// single huge event shouldn't pin its size for the life of a session.
const keepCapacity = 256 << 10

// Add adds a record and copies head and raw. A raw of length 0 is no raw.
func (b *Batch) Add(tag uint64, head, raw []byte) {
	if len(head)+len(raw) > MaxRecord {
		b.tooLarge = true // found here, before so much is copied in vain
		return
	}
	buf := b.EndHead(append(b.Begin(tag), head...))
	b.End(append(buf, raw...))
}

// Begin starts a record and returns the buffer to append its head to. A record
// that was begun before and not ended is dropped.
func (b *Batch) Begin(tag uint64) []byte {
	b.tag = tag
	var header [recordHeaderSize]byte
	return append(b.buf, header[:]...)
}

// EndHead tells that buf, what Begin returned, now has the whole head. It
// returns the buffer to append the raw bytes to.
func (b *Batch) EndHead(buf []byte) []byte {
	b.headEnd = len(buf)
	return buf
}

// End finishes the record: buf is what EndHead returned, with the raw bytes
// appended, if there are any.
func (b *Batch) End(buf []byte) {
	start := len(b.buf)
	if len(buf)-start-recordHeaderSize > MaxRecord {
		b.tooLarge = true
		return
	}
	sealRecord(buf[start:], b.tag, b.headEnd-start-recordHeaderSize)
	b.buf = buf
	b.ends = append(b.ends, len(buf))
}

// Len is the number of records in the batch.
func (b *Batch) Len() int { return len(b.ends) }

// Size is the number of bytes that the batch takes in a log.
func (b *Batch) Size() int { return len(b.buf) }

// Reset empties the batch and keeps its buffer, unless that is very large.
func (b *Batch) Reset() {
	if cap(b.buf) > keepCapacity {
		b.buf = nil
	}
	b.buf, b.ends, b.tooLarge = b.buf[:0], b.ends[:0], false
}
