package httpbridge

import (
	"io"
	"sync/atomic"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// roomForBodies is how many bodies of the largest size are held at a time.
const roomForBodies = 4

// room is the memory that large bodies share: without it, many clients that all
// send as much as each of them may would take everything. What doesn't fit is
// refused and doesn't wait, since whoever sends slowly has room for minutes.
type room struct{ free atomic.Int64 } // bytes

// errNoRoom is of the kind that stdio has for too many requests at a time.
var errNoRoom = universal.Errorf(universal.KindTimeout, "timeout: other large requests take all the room there is; send this one again when they are answered")

// share is what one body takes of the room. Its first piece is free, so that
// small requests are served however full it is.
type share struct {
	room  *room
	taken int64 // bytes
	piece int   // what is still to come of the last piece
}

func (r *room) share() *share { return &share{room: r, piece: pieceBytes} }

// reader takes room for what it reads.
func (s *share) reader(body io.Reader) io.Reader { return shareReader{s, body} }

// release gives back what was taken.
func (s *share) release() {
	s.room.free.Add(s.taken)
	s.taken = 0
}

type shareReader struct {
	*share
	body io.Reader
}

func (s shareReader) Read(b []byte) (int, error) {
	if s.piece == 0 {
		if s.room.free.Add(-pieceBytes) < 0 {
			s.room.free.Add(pieceBytes)
			return 0, errNoRoom
		}
		s.taken += pieceBytes
		s.piece = pieceBytes
	}
	n, err := s.body.Read(b[:min(len(b), s.piece)])
	s.piece -= n
	return n, err
}
