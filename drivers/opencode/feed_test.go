package opencode

import (
	"encoding/json"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// fed has the converters of a server's sessions, which are fed with its lines
// as the server does.
type fed struct {
	sessions map[string]*converter
	waiting  map[int64]wireRequest
}

func (f *fed) Outgoing(line []byte) {
	var r wireRequest
	if decodeOutgoing(line, &r) {
		f.waiting[r.ID] = r
		if c := f.sessions[sessionOfPath(r.Path)]; c != nil && r.Method == "POST" {
			c.begin()
		}
	}
}

func (f *fed) Convert(dst []universal.Event, line []byte) []universal.Event {
	in, h, err := decodeLine(line)
	switch {
	case err != nil:
		return dst
	case in.ID != nil:
		return f.answer(dst, &in, line)
	case h.kind == "":
		return dst
	}
	c := f.sessions[h.session]
	if c == nil {
		return dst
	}
	c.Convert(h, line)
	for _, id := range c.claims {
		f.sessions[id] = c
	}
	return f.take(dst, c)
}

// answer makes a converter when a session begins, and ends a turn that only
// waits for its diff.
func (f *fed) answer(dst []universal.Event, in *incoming, line []byte) []universal.Event {
	r := f.waiting[*in.ID]
	delete(f.waiting, *in.ID)
	if id := createdSession(&r, in); id != "" {
		c := newConverter("/workspace")
		c.root = id
		f.sessions[id] = c
		return dst
	}
	c := f.sessions[sessionOfPath(r.Path)]
	if c == nil || !isDiff(r.Path) {
		return dst
	}
	c.Answer(purpose{kind: purposeDiff}, &answered{status: in.Status, body: in.Body, err: in.Error}, line)
	return f.take(dst, c)
}

func (f *fed) take(dst []universal.Event, c *converter) []universal.Event {
	dst = append(dst, c.out...)
	c.out, c.wants, c.claims = c.out[:0], nil, nil
	return dst
}

func newFed() *fed {
	return &fed{sessions: map[string]*converter{}, waiting: map[int64]wireRequest{}}
}

// slowHead and slowDelta decode what is scanned otherwise.
func slowHead(line []byte) (head, error) {
	var in incoming
	if err := json.Unmarshal(line, &in); err != nil || in.Event == nil {
		return head{}, err
	}
	return in.Event.head(), nil
}

func slowDelta(properties []byte) (nativeDelta, error) {
	var d deltaProperties
	err := json.Unmarshal(properties, &d)
	return nativeDelta{d.PartID, d.Field, d.Delta}, err
}

func decodeOutgoing(line []byte, r *wireRequest) bool { return json.Unmarshal(line, r) == nil }

// sessionOfPath is the session that a route belongs to, "" for none.
func sessionOfPath(path string) string {
	rest, ok := strings.CutPrefix(path, "/session/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}

func isDiff(path string) bool { return strings.HasSuffix(path, "/diff") }

// createdSession is the id of a session that an answer creates or finds.
func createdSession(r *wireRequest, in *incoming) string {
	if r.Path != "/session" && (r.Method != "GET" || strings.Count(r.Path, "/") != 2 || sessionOfPath(r.Path) == "") {
		return ""
	}
	var info sessionInfo
	if json.Unmarshal(in.Body, &info) != nil {
		return ""
	}
	return info.ID
}
