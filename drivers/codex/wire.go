package codex

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/jsonscan"
)

// message is one line of the app-server, as far as every line is read: a
// notification has a method, a request a method and an id, an answer an id. The
// slices are parts of the line. The app-server leaves "jsonrpc" out.
type message struct {
	method string
	id     []byte // a number or a string, as it stands in the line; nil without
	params []byte
	thread string // params.threadId, "" if there is none
	result []byte // of an answer
	err    *rpcError
}

func (m *message) isRequest() bool { return m.method != "" && m.id != nil }
func (m *message) isAnswer() bool  { return m.method == "" && m.id != nil }

// rpcError is the error of an answer.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return e.Message }

// decodeMessage reads a line. Of a long one it decodes no more than what says
// where it belongs.
func decodeMessage(line []byte) (message, error) {
	if m, ok := scanMessage(line); ok {
		return m, nil
	}
	var l struct {
		Method string          `json:"method"`
		ID     json.RawMessage `json:"id"`
		Params json.RawMessage `json:"params"`
		Result json.RawMessage `json:"result"`
		Error  *rpcError       `json:"error"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return message{}, err
	}
	m := message{method: l.Method, id: l.ID, params: l.Params, result: l.Result, err: l.Error}
	if bytes.Equal(m.id, []byte("null")) {
		m.id = nil
	}
	var to struct {
		ThreadID string `json:"threadId"`
	}
	_ = json.Unmarshal(l.Params, &to) // params that are no object belong to no thread
	m.thread = to.ThreadID
	return m, nil
}

// scanMessage does what decodeMessage does, in one pass; false if it isn't sure.
func scanMessage(line []byte) (m message, ok bool) {
	s := jsonscan.New(line)
	more, ok := s.Open()
	for more && ok {
		key, found := s.Key()
		if !found {
			return m, false
		}
		switch string(key) {
		case "method":
			value, escaped, plain := s.String()
			if !plain || escaped || m.method != "" {
				return m, false
			}
			m.method = methodName(value)
		case "id":
			if m.id, ok = raw(&s, line); !ok {
				return m, false
			}
			if string(m.id) == "null" {
				m.id = nil
			}
		case "params":
			if m.params, ok = raw(&s, line); !ok {
				return m, false
			}
		case "result":
			if m.result, ok = raw(&s, line); !ok {
				return m, false
			}
		case "error":
			return m, false
		default:
			if !lowerKey(key) || !s.Skip() {
				return m, false
			}
		}
		more, ok = s.Next()
	}
	if !ok || !s.End() {
		return m, false
	}
	m.thread, ok = scanThread(m.params)
	return m, ok
}

// raw is the next value as it stands in the line.
func raw(s *jsonscan.Scanner, line []byte) (value []byte, ok bool) {
	s.Value()
	from := s.Offset()
	if !s.Skip() {
		return nil, false
	}
	return line[from:s.Offset()], true
}

// scanThread reads the thread that params belong to.
func scanThread(params []byte) (thread string, ok bool) {
	if len(params) == 0 || params[0] != '{' {
		return "", true
	}
	s := jsonscan.New(params)
	more, ok := s.Open()
	for more && ok {
		key, found := s.Key()
		if !found {
			return "", false
		}
		if string(key) == "threadId" && s.Value() == '"' {
			value, escaped, plain := s.String()
			if !plain || escaped {
				return "", false
			}
			// The rest was looked at when the params were cut out.
			return string(value), true
		}
		if !lowerKey(key) || !s.Skip() {
			return "", false
		}
		more, ok = s.Next()
	}
	return "", ok
}

// methodName saves the copy of a name that comes with every delta.
func methodName(name []byte) string {
	switch string(name) {
	case methodTextDelta:
		return methodTextDelta
	case methodOutputDelta:
		return methodOutputDelta
	case methodSummaryDelta:
		return methodSummaryDelta
	}
	return string(name)
}

// lowerKey tells whether a name can't be taken for another one that is read:
// encoding/json, which takes the long way, ignores case.
func lowerKey(key []byte) bool {
	for _, wanted := range []string{"method", "id", "params", "result", "error", "threadId"} {
		if len(key) == len(wanted) && string(key) != wanted && strings.EqualFold(string(key), wanted) {
			return false
		}
	}
	return true
}

// The methods of lines that flood.
const (
	methodTextDelta    = "item/agentMessage/delta"
	methodOutputDelta  = "item/commandExecution/outputDelta"
	methodSummaryDelta = "item/reasoning/summaryTextDelta"
)

// itemLine begins or ends an item.
type itemLine struct {
	ThreadID string          `json:"threadId"`
	TurnID   string          `json:"turnId"`
	Item     json.RawMessage `json:"item"`
}

// deltaLine is a piece of an item's text.
type deltaLine struct {
	TurnID  string `json:"turnId"`
	ItemID  string `json:"itemId"`
	Delta   string `json:"delta"`
	Summary int    `json:"summaryIndex"`
	Content int    `json:"contentIndex"`
}

// itemHead is what every item has.
type itemHead struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// turnLine begins or ends a turn.
type turnLine struct {
	ThreadID string     `json:"threadId"`
	Turn     nativeTurn `json:"turn"`
}

// nativeTurn is a turn of Codex's.
type nativeTurn struct {
	ID     string       `json:"id"`
	RootID string       `json:"rootTurnId"`
	Status string       `json:"status"` // "completed", "interrupted", "failed" or "inProgress"
	Error  *nativeError `json:"error"`
}

// nativeError is what Codex says about a failure.
type nativeError struct {
	Message string          `json:"message"`
	Info    json.RawMessage `json:"codexErrorInfo"` // a string, or an object with one member
	Details string          `json:"additionalDetails"`
}

// nativeTokens are token figures: input includes what was cached, output
// includes reasoning.
type nativeTokens struct {
	Input      int64 `json:"inputTokens"`
	Cached     int64 `json:"cachedInputTokens"`
	CacheWrite int64 `json:"cacheWriteInputTokens"`
	Output     int64 `json:"outputTokens"`
	Reasoning  int64 `json:"reasoningOutputTokens"`
	Total      int64 `json:"totalTokens"`
}

// decode reads the params of a delta, of which there are many: in one pass if it
// is sure of them.
func (l *deltaLine) decode(params []byte) error {
	if l.scan(params) {
		return nil
	}
	*l = deltaLine{}
	return json.Unmarshal(params, l)
}

func (l *deltaLine) scan(params []byte) bool {
	s := jsonscan.New(params)
	more, ok := s.Open()
	for more && ok {
		key, found := s.Key()
		if !found {
			return false
		}
		var to *string
		switch string(key) {
		case "turnId":
			to = &l.TurnID
		case "itemId":
			to = &l.ItemID
		case "delta":
			to = &l.Delta
		case "threadId":
		default:
			return false // a summary's part, or new: the long way
		}
		switch {
		case to == nil:
			ok = s.Skip()
		default:
			ok = scanString(&s, to)
		}
		if !ok {
			return false
		}
		more, ok = s.Next()
	}
	return ok && s.End()
}

func scanString(s *jsonscan.Scanner, to *string) bool {
	inner, escaped, ok := s.String()
	if escaped && ok {
		inner = jsonscan.Unescape(make([]byte, 0, len(inner)), inner)
	}
	*to = string(inner)
	return ok
}
