package httpbridge

import (
	"io"
	"net/http"
	"time"
)

// idleTime is how long the other side may neither take nor send anything
// before an answer or a file is given up. Streams of events are not.
const idleTime = time.Minute

// patient writes for as long as the client takes some of it within idleTime.
func patient(w http.ResponseWriter) io.Writer {
	return &patientWriter{w: w, control: http.NewResponseController(w)}
}

type patientWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// pieceBytes is what has to be taken within one deadline.
const pieceBytes = 256 << 10

func (p *patientWriter) Write(b []byte) (written int, err error) {
	defer func() { _ = p.control.SetWriteDeadline(time.Time{}) }()
	for len(b) > 0 {
		piece := b[:min(len(b), pieceBytes)]
		_ = p.control.SetWriteDeadline(time.Now().Add(idleTime))
		n, err := p.w.Write(piece)
		written += n
		if err != nil {
			return written, err
		}
		b = b[n:]
	}
	return written, nil
}

// patientBody reads a body for as long as some of it comes within idleTime.
type patientBody struct {
	body    io.Reader
	control *http.ResponseController
}

func (p *patientBody) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(idleTime))
	n, err := p.body.Read(b)
	if err != nil {
		_ = p.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
