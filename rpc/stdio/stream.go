package stdio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/sourcegraph/jsonrpc2"
)

// DefaultMaxMessageBytes is the limit of a message where none is given.
const DefaultMaxMessageBytes = 64 << 20

// StreamOptions configure a [Stream]. The zero value is good.
type StreamOptions struct {
	// Framing is FramingAuto for what the first byte says.
	Framing Framing
	// MaxMessageBytes is the size above which a message is skipped and answered
	// with an error. 0 means DefaultMaxMessageBytes.
	MaxMessageBytes int
	// MapError makes the response's error of any error: a handler's, or one that
	// wraps an error of this package. nil means DefaultError.
	MapError func(error) *jsonrpc2.Error
}

// Stream is a stream of JSON-RPC messages in both directions. Reading belongs to
// [Serve]; writing and Close are safe for concurrent use.
type Stream struct {
	rwc      io.ReadWriteCloser
	mapError func(error) *jsonrpc2.Error
	framing  atomic.Int32 // a Framing; the reader sets it, writers read it
	frames   frameReader

	gate      gate
	closed    chan struct{} // closed by Close and by a failed write
	closeOnce sync.Once
	broken    chan struct{} // closed when a write failed; brokenErr says how
	brokenErr error
}

// NewStream makes a stream of rwc and owns it from then on. rwc.Close must end a
// Read and a Write that are under way: a net.Conn does, [Join] of two pipe ends
// does, the process's own standard streams do through [OpenStdio] only.
func NewStream(rwc io.ReadWriteCloser, opts StreamOptions) *Stream {
	if opts.MaxMessageBytes <= 0 {
		opts.MaxMessageBytes = DefaultMaxMessageBytes
	}
	if opts.MapError == nil {
		opts.MapError = DefaultError
	}
	s := &Stream{
		rwc:      rwc,
		mapError: opts.MapError,
		frames:   frameReader{lines: newLineReader(rwc), max: opts.MaxMessageBytes},
		closed:   make(chan struct{}),
		broken:   make(chan struct{}),
	}
	s.framing.Store(int32(opts.Framing))
	return s
}

// Framing returns how messages are framed, FramingAuto as long as nothing has
// been read.
func (s *Stream) Framing() Framing { return Framing(s.framing.Load()) }

// Close ends the stream and frees whoever reads or writes. It doesn't wait for
// them.
func (s *Stream) Close() error {
	err := ErrClosed
	s.closeOnce.Do(func() {
		close(s.closed)
		err = s.rwc.Close()
	})
	return err
}

// nextFrame returns the next frame.
func (s *Stream) nextFrame() (frame, error) {
	if s.Framing() == FramingAuto {
		detected, err := detect(s.frames.lines)
		if err != nil {
			return frame{}, err
		}
		s.framing.Store(int32(detected))
	}
	if s.Framing() == FramingHeader {
		return s.frames.nextBody()
	}
	return s.frames.nextLine()
}

// nextMessage returns the next message that is for a server. What isn't is
// answered here, before anything else is read: a client that floods without
// reading answers stops itself. The error is that of the input.
func (s *Stream) nextMessage(ctx context.Context) (message, error) {
	for {
		var m message
		f, err := s.nextFrame()
		switch {
		case err == nil:
			m, err = parseMessage(f)
		case !errors.Is(err, ErrParse) && !errors.Is(err, ErrTooLong):
			if s.isClosed() {
				err = ErrClosed // and not what the connection calls it
			}
			return message{}, err
		}
		if err != nil {
			if err := s.writeError(ctx, m.id.raw, err); err != nil {
				return message{}, err
			}
			continue
		}
		if !m.isResponse {
			return m, nil
		}
	}
}

// writeError answers the request with this id, or null if id is nil.
func (s *Stream) writeError(ctx context.Context, id json.RawMessage, err error) error {
	return s.write(ctx, responses, s.errorFrame(id, err))
}

// errorFrame encodes an error response in its frame.
func (s *Stream) errorFrame(id json.RawMessage, cause error) []byte {
	rpcErr := s.mapError(cause)
	if rpcErr == nil {
		rpcErr = DefaultError(cause)
	}
	body, err := json.Marshal(rpcErr)
	if err != nil {
		// Data isn't JSON. The code is what the client needs.
		body, _ = json.Marshal(&jsonrpc2.Error{Code: rpcErr.Code, Message: rpcErr.Message})
	}
	return s.responseFrame(id, `,"error":`, body)
}

// responseFrame puts a response together around its encoded body.
func (s *Stream) responseFrame(id json.RawMessage, member string, body []byte) []byte {
	const head = `{"jsonrpc":"2.0","id":`
	if id == nil {
		id = json.RawMessage("null")
	}
	n := len(head) + len(id) + len(member) + len(body) + len(`}`)
	framing := s.Framing()
	buf := framing.appendFrameHead(make([]byte, 0, n+32), n)
	buf = append(buf, head...)
	buf = append(buf, id...)
	buf = append(buf, member...)
	buf = append(buf, body...)
	buf = append(buf, '}')
	return framing.appendFrameTail(buf)
}

// write writes whole frames in one Write. ctx counts while waiting for the turn; a
// Write under way is ended by Close only, since half a frame would spoil what
// follows it.
func (s *Stream) write(ctx context.Context, class turnClass, frames []byte) error {
	if err := s.gate.acquire(ctx, s.closed, class); err != nil {
		return err
	}
	defer s.gate.release()
	return s.writeInTurn(frames)
}

// writeInTurn is write for who has the turn.
func (s *Stream) writeInTurn(frames []byte) error {
	if s.isClosed() {
		return ErrClosed
	}
	_, err := s.rwc.Write(frames)
	switch {
	case err == nil:
		return nil
	case s.isClosed():
		return ErrClosed
	}
	// Having the turn, nobody else sets brokenErr.
	s.brokenErr = fmt.Errorf("%w: %w", ErrOutputBroken, err)
	close(s.broken)
	s.Close()
	return s.brokenErr
}

// isBroken reports whether a write failed; then brokenErr is set.
func (s *Stream) isBroken() bool {
	select {
	case <-s.broken:
		return true
	default:
		return false
	}
}

func (s *Stream) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}
