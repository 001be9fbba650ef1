package eventlog

const (
	// minChunk is the size of a log's first chunk: most sessions that only
	// exist need no more.
	minChunk = 1 << 10
	// maxChunk is the size that chunks grow to, the unit of spilling and of
	// reading.
	maxChunk = 64 << 10
)

// A chunk is a run of records in memory and, later, in the file. Its buffer is
// never reallocated: records are appended within its capacity, so what readers
// have seen of it stays as it is. A record that is larger than a chunk gets one
// of its own, of exactly its size.
type chunk struct {
	at     place // of its first record
	n      int   // records
	buf    []byte
	sealed bool // being spilled: takes no more records
}

// records is the run of all records that the chunk has now.
func (c *chunk) records() Records {
	return Records{buf: c.buf, next: c.at.seq, n: c.n}
}

// end is the offset after the last record.
func (c *chunk) end() int64 { return c.at.off + int64(len(c.buf)) }

// room is how many more bytes the chunk takes.
func (c *chunk) room() int {
	if c.sealed {
		return 0
	}
	return cap(c.buf) - len(c.buf)
}

// place puts as many of the batch's records from number i on into the chunk as
// there is room for, and returns the number of the first one that is left.
func (c *chunk) place(b *Batch, i int) int {
	start := 0
	if i > 0 {
		start = b.ends[i-1]
	}
	limit := start + c.room()
	next := i
	for next < len(b.ends) && b.ends[next] <= limit {
		next++
	}
	if next > i {
		c.buf = append(c.buf, b.buf[start:b.ends[next-1]]...)
		c.n += next - i
	}
	return next
}
