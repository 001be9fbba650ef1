package opencode

import (
	"encoding/json"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/fixtures/conversion"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// BenchmarkRecordings tells what an event costs, over all that was recorded.
func BenchmarkRecordings(b *testing.B) {
	conversion.Benchmark(b, filepath.Join("..", "..", "fixtures", agentID), func() conversion.Converter {
		return &benchServer{sessions: map[string]*converter{}, answers: map[int64]benchWant{}}
	})
}

// benchServer does for the converters of a server's sessions what the server
// does: it finds whose a line is.
type benchServer struct {
	sessions map[string]*converter // by native id
	wants    []benchWant           // that were not written yet
	answers  map[int64]benchWant   // that are waited for, by the request's id
}

// benchWant is a request that a converter wants to be made.
type benchWant struct {
	of *converter
	wanted
}

func (s *benchServer) Outgoing(line []byte) {
	var r wireRequest
	if json.Unmarshal(line, &r) != nil {
		return
	}
	i := slices.IndexFunc(s.wants, func(w benchWant) bool { return w.request.Method == r.Method && w.request.Path == r.Path })
	if i >= 0 {
		s.answers[r.ID] = s.wants[i]
		s.wants = slices.Delete(s.wants, i, i+1)
		return
	}
	switch session, verb := path.Split(r.Path); verb {
	case "prompt_async", "command", "summarize":
		s.session(path.Base(session)).begin()
	}
}

func (s *benchServer) Convert(dst []universal.Event, line []byte) []universal.Event {
	in, h, err := decodeLine(line)
	if err != nil {
		return dst
	}
	var c *converter
	switch {
	case h.session != "":
		c = s.session(h.session)
		c.out = dst
		c.Convert(h, line)
	case in.ID != nil && s.answers[*in.ID].of != nil:
		w := s.answers[*in.ID]
		delete(s.answers, *in.ID)
		c = w.of
		c.out = dst
		c.Answer(w.purpose, &answered{status: in.Status, body: in.Body, err: in.Error}, line)
	default:
		return dst
	}
	dst = c.out
	for _, w := range c.wants {
		s.wants = append(s.wants, benchWant{c, w})
	}
	for _, id := range c.claims {
		s.sessions[id] = c
	}
	c.out, c.wants, c.claims = nil, nil, nil
	return dst
}

func (s *benchServer) session(id string) *converter {
	c := s.sessions[id]
	if c == nil {
		c = newConverter("/work")
		c.root = id
		s.sessions[id] = c
	}
	return c
}
