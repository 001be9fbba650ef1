package stdio

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A message is one well-formed message of a client. It owns its memory.
type message struct {
	id         id
	method     string
	params     json.RawMessage // an object for a request; nil if there are none
	isRequest  bool            // has a method and an id
	isResponse bool            // has no method: nothing for a server that asks nothing
}

func invalidMessage(detail string) error { return fmt.Errorf("%w: %s", ErrInvalidMessage, detail) }

// parseMessage reads one frame. With an error come as much of the message as could
// be read, so that the answer can carry its id.
func parseMessage(f frame) (message, error) {
	var m message
	f.data = bytes.TrimSpace(bytes.TrimPrefix(f.data, []byte(bom)))
	// Valid also refuses depths at which a decoder gives up.
	if !json.Valid(f.data) {
		return m, parseError("not valid JSON")
	}
	switch f.data[0] {
	case '{':
	case '[':
		return m, invalidMessage("batches are not supported: send one message at a time")
	default:
		return m, invalidMessage("a message is a JSON object")
	}
	env, err := openEnvelope(f.data)
	answers := env.result != nil || env.err != nil
	if env.method == nil && answers {
		m.isResponse = true
		return m, nil
	}
	if env.id != nil {
		var ok bool
		if m.id, ok = parseID(env.id); !ok {
			return m, invalidMessage("id must be a string or an integer")
		}
		if !f.owned {
			m.id.raw = bytes.Clone(m.id.raw)
		}
	}
	if err != nil {
		return m, err
	}
	if env.version != nil && string(env.version) != `"2.0"` {
		return m, invalidMessage(`jsonrpc must be "2.0"`)
	}
	switch {
	case env.method == nil:
		return m, invalidMessage("method is missing")
	case answers:
		return m, invalidMessage("both a method and a result")
	case env.method[0] != '"':
		return m, invalidMessage("method must be a string")
	}
	m.method, _ = decodeString(env.method)
	m.isRequest = env.id != nil
	if env.params != nil && string(env.params) != "null" {
		m.params = env.params
		if !f.owned {
			m.params = bytes.Clone(m.params)
		}
	}
	if m.isRequest && m.params != nil && m.params[0] != '{' {
		return m, fmt.Errorf("%w: params must be an object", ErrInvalidParams)
	}
	return m, nil
}

// envelope holds the values of a message's members, nil where there is none.
type envelope struct {
	version, id, method, params, result, err []byte
}

// openEnvelope finds the members of a message. A member that occurs twice is an
// error, since readers differ in which one they take; an id that does is as good
// as none.
func openEnvelope(data []byte) (envelope, error) {
	var env envelope
	var twice string
	isObject := members(data, func(name, value []byte) bool {
		member := env.member(string(name))
		if member == nil {
			return true
		}
		if *member != nil && twice != "id" {
			twice = string(name)
		}
		*member = value
		return true
	})
	switch {
	case !isObject:
		return env, invalidMessage("a message is a JSON object")
	case twice == "id":
		env.id = nil
		return env, invalidMessage("id occurs twice")
	case twice != "":
		return env, invalidMessage(twice + " occurs twice")
	}
	return env, nil
}

func (e *envelope) member(name string) *[]byte {
	switch name {
	case "jsonrpc":
		return &e.version
	case "id":
		return &e.id
	case "method":
		return &e.method
	case "params":
		return &e.params
	case "result":
		return &e.result
	case "error":
		return &e.err
	}
	return nil
}
