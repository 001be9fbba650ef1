package stdio

import "context"

// BatchBytes is how much of a [Batch] is written at once, without a waiting
// response getting its turn. It is also a good size at which to write a batch.
const BatchBytes = 128 << 10

// keepBytes is the size up to which a batch keeps its buffer, so that one huge
// notification doesn't stay in memory.
const keepBytes = 1 << 20

// Batch collects encoded notifications to be written together. This is the side
// door for events: they are encoded elsewhere, once, and only copied here. A batch
// belongs to one goroutine and is meant to be used again and again.
type Batch struct {
	stream *Stream
	buf    []byte
	cuts   []int // ends of pieces of at most BatchBytes; the last piece ends at len(buf)
}

// NewBatch returns an empty batch in the stream's framing.
func (s *Stream) NewBatch() *Batch { return &Batch{stream: s} }

// Append adds one message, the concatenation of parts. It must be one valid JSON
// object without line breaks and with U+2028 and U+2029 escaped, as encoding/json
// writes it; that isn't checked.
func (b *Batch) Append(parts ...[]byte) {
	n := 0
	for _, part := range parts {
		n += len(part)
	}
	start := len(b.buf)
	framing := b.stream.Framing()
	b.buf = framing.appendFrameHead(b.buf, n)
	for _, part := range parts {
		b.buf = append(b.buf, part...)
	}
	b.buf = framing.appendFrameTail(b.buf)

	piece := 0
	if len(b.cuts) > 0 {
		piece = b.cuts[len(b.cuts)-1]
	}
	if start > piece && len(b.buf)-piece > BatchBytes {
		b.cuts = append(b.cuts, start)
	}
}

// Len returns the size of the batch in bytes, frames included.
func (b *Batch) Len() int { return len(b.buf) }

// Reset empties the batch.
func (b *Batch) Reset() {
	b.buf, b.cuts = b.buf[:0], b.cuts[:0]
	if cap(b.buf) > keepBytes {
		b.buf = nil
	}
}

// restBytes is the size up to which a batch that rests keeps its buffer.
const restBytes = 32 << 10

// Rest lets go of a large buffer of an empty batch: thousands may wait, for long,
// for what they write next.
func (b *Batch) Rest() {
	if len(b.buf) == 0 && cap(b.buf) > restBytes {
		b.buf = nil
	}
}

// WriteBatch writes the messages of b in order and empties it. It blocks as long as
// the peer doesn't read. If ctx ends while others write, the cause is returned and
// the rest of the batch is dropped; what has begun to be written is written to the
// end. Other errors are ErrClosed and ErrOutputBroken, and final.
func (s *Stream) WriteBatch(ctx context.Context, b *Batch) error {
	defer b.Reset()
	start := 0
	for _, end := range b.cuts {
		if err := s.write(ctx, notifications, b.buf[start:end]); err != nil {
			return err
		}
		start = end
	}
	if start == len(b.buf) {
		return nil
	}
	return s.write(ctx, notifications, b.buf[start:])
}
