package opencode

import (
	"encoding/json"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/jsonscan"
)

// incoming is a line of the server, as far as is needed to know whose it is.
type incoming struct {
	// An answer.
	ID     *int64          `json:"id"`
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
	Error  string          `json:"error"`
	Unsent bool            `json:"unsent"`
	// The state of the event stream.
	Stream string `json:"stream"`
	// An event.
	Event *event `json:"event"`
}

// deltaKind is the kind of the events that flood.
const deltaKind = "message.part.delta"

// event is an event of the server.
type event struct {
	Directory string  `json:"directory"`
	Payload   payload `json:"payload"`
}

type payload struct {
	Type       string          `json:"type"`
	Properties json.RawMessage `json:"properties"`
}

// head is what decides where an event goes.
type head struct {
	kind    string
	session string // "" for one that belongs to none
	// properties is a part of the line.
	properties []byte
}

// decodeLine reads a line. The quick way is that of events, which flood.
func decodeLine(line []byte) (in incoming, h head, err error) {
	if h, ok := scanEvent(line); ok {
		return incoming{}, h, nil
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return in, h, err
	}
	if in.Event == nil {
		return in, h, nil
	}
	return in, in.Event.head(), nil
}

func (e *event) head() head {
	h := head{kind: e.Payload.Type, properties: e.Payload.Properties}
	var of struct {
		SessionID string `json:"sessionID"`
	}
	_ = json.Unmarshal(h.properties, &of) // properties of another shape belong to no session
	h.session = of.SessionID
	return h
}

// scanEvent finds the parts of an event without decoding the rest; false if it
// isn't sure.
func scanEvent(line []byte) (h head, ok bool) {
	s := jsonscan.New(line)
	ok = members(&s, func(key string) bool { return key == "event" && h.scan(line, &s) })
	return h, ok && s.End() && h.kind != "" && h.properties != nil
}

// scan reads an event.
func (h *head) scan(line []byte, s *jsonscan.Scanner) bool {
	return members(s, func(key string) bool {
		if key != "payload" {
			return lowerKey(key) && s.Skip()
		}
		return h.scanPayload(line, s)
	})
}

func (h *head) scanPayload(line []byte, s *jsonscan.Scanner) bool {
	return members(s, func(key string) bool {
		switch key {
		case "type":
			value, escaped, ok := s.String()
			if !ok || escaped || h.kind != "" {
				return false
			}
			h.kind = string(value)
			return true
		case "properties":
			if h.properties != nil || s.Value() != '{' {
				return false
			}
			from := s.Offset()
			if !members(s, func(key string) bool {
				if key != "sessionID" {
					return !strings.EqualFold(key, "sessionID") && s.Skip()
				}
				value, escaped, ok := s.String()
				if !ok || escaped || h.session != "" {
					return false
				}
				h.session = string(value)
				return true
			}) {
				return false
			}
			h.properties = line[from:s.Offset()]
			return true
		}
		return lowerKey(key) && s.Skip()
	})
}

// lowerKey tells whether a name can't be taken for another one by
// encoding/json, which ignores case.
func lowerKey(key string) bool { return key == strings.ToLower(key) }

// members reads an object; member reads the value behind each name.
func members(s *jsonscan.Scanner, member func(key string) bool) bool {
	more, ok := s.Open()
	for more && ok {
		key, named := s.Key()
		if !named || !member(string(key)) {
			return false
		}
		more, ok = s.Next()
	}
	return ok
}

// wireRequest is a line that is written; see package wire.
type wireRequest struct {
	ID     int64             `json:"id"`
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Query  map[string]string `json:"query,omitempty"`
	Body   any               `json:"body,omitempty"`
}

// answered is the answer to a request of ours.
type answered struct {
	status int
	body   json.RawMessage
	err    string
	unsent bool // with err: the server got nothing of it
}

// ok tells whether the request was carried out.
func (a *answered) ok() bool { return a.err == "" && a.status >= 200 && a.status < 300 }

// refusal is a request's answer that is an error of the server.
type refusal struct {
	status int
	name   string // of the error, such as "NotFoundError"
	text   string
}

func (r *refusal) Error() string { return r.text }

// failure is what is wrong with an answer, nil if nothing is.
func (a *answered) failure() *refusal {
	if a.ok() {
		return nil
	}
	r := &refusal{status: a.status, text: a.err}
	var body struct {
		Name    string `json:"name"`
		Tag     string `json:"_tag"`
		Message string `json:"message"`
		Data    struct {
			Message string `json:"message"`
			Path    string `json:"path"`
			Issues  []struct {
				Path    []any  `json:"path"`
				Message string `json:"message"`
			} `json:"issues"`
		} `json:"data"`
	}
	if json.Unmarshal(a.body, &body) == nil {
		r.name = body.Name + body.Tag
		text := body.Data.Message + body.Message
		for _, issue := range body.Data.Issues {
			if text != "" {
				text += "; "
			}
			text += joinPath(issue.Path) + ": " + issue.Message
		}
		if body.Data.Path != "" {
			text = body.Data.Path + ": " + text
		}
		if text != "" {
			r.text = text
		}
	}
	if r.text == "" {
		r.text = statusText(r.status)
	}
	return r
}
