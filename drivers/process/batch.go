package process

import "errors"

// A batch of lines is complete when no further line is at hand, or when it has
// reached one of these.
const (
	maxBatch      = 256      // lines
	maxBatchBytes = 64 << 10 // of lines
)

// LineReader reads lines as [Process.ReadLine] does.
type LineReader interface {
	ReadLine() (line []byte, more bool, err error)
}

// Batches says what is done with the lines of an agent that come in batches.
type Batches struct {
	Line    func(line []byte) // one that is not empty, valid until it returns
	TooLong func(err error)   // a line was skipped: [ErrLineTooLong]
	Flush   func()            // the batch is complete
}

// Read reads to the end, and returns why that came: io.EOF as a rule. What an
// agent says in one go is handed on in one go, and the last batch in any case.
func (b Batches) Read(from LineReader) error {
	lines, bytes := 0, 0
	for {
		line, more, err := from.ReadLine()
		switch {
		case errors.Is(err, ErrLineTooLong):
			b.TooLong(err)
		case err != nil:
			b.Flush()
			return err
		case len(line) > 0:
			b.Line(line)
		}
		lines++
		bytes += len(line)
		if !more || lines >= maxBatch || bytes >= maxBatchBytes {
			b.Flush()
			lines, bytes = 0, 0
		}
	}
}
