package httpbridge

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

const (
	// patience is how long the other side may take none of an answer, or send
	// none of a body, before it is given up. Streams of events wait for ever.
	patience = time.Minute
	// pieceBytes is how much it has to take or to send in that time, so that
	// going on drop by drop is not enough.
	pieceBytes = 64 << 10
)

// bound sees to it that what the server itself reads and writes around a
// handler, which is the rest of a body that the handler didn't want and the
// rest of its answer, does not wait for ever.
func bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control, allowed := http.NewResponseController(w), patience
		if hasBody(r) {
			_ = control.SetReadDeadline(time.Now().Add(patience))
			allowed *= 2 // the answer waits for the rest of the body
		}
		if len(r.TransferEncoding) > 0 {
			// It may have had a length as well, and somebody on the way may have
			// believed that: nothing that follows can be trusted.
			w.Header().Set("Connection", "close")
		}
		defer func() { _ = control.SetWriteDeadline(time.Now().Add(allowed)) }()
		next.ServeHTTP(w, r)
	})
}

// patient writes for as long as the client takes it piece by piece.
func patient(w http.ResponseWriter) io.Writer {
	return &patientWriter{w: w, control: http.NewResponseController(w)}
}

type patientWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (p *patientWriter) Write(b []byte) (written int, err error) {
	for len(b) > 0 {
		piece := b[:min(len(b), pieceBytes)]
		_ = p.control.SetWriteDeadline(time.Now().Add(patience))
		n, err := p.w.Write(piece)
		written += n
		if err != nil {
			return written, err
		}
		b = b[n:]
	}
	return written, nil
}

// bodyOf reads a body for as long as it comes piece by piece.
func bodyOf(w http.ResponseWriter, body io.Reader) io.Reader {
	return &patientBody{body: body, control: http.NewResponseController(w)}
}

type patientBody struct {
	body    io.Reader
	control *http.ResponseController
	piece   int // what is still to come of this one
}

func (p *patientBody) Read(b []byte) (int, error) {
	if p.piece <= 0 {
		p.piece = pieceBytes
		_ = p.control.SetReadDeadline(time.Now().Add(patience))
	}
	n, err := p.body.Read(b)
	p.piece -= n
	tooLarge, _ := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == io.EOF:
		_ = p.control.SetReadDeadline(time.Time{})
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = universal.InvalidRequest("the body did not come: less than %d bytes in %v", pieceBytes, patience).Because(err)
	case err != nil && tooLarge == nil:
		err = universal.InvalidRequest("the body could not be read: %v", err).Because(err)
	}
	return n, err
}
