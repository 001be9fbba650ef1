package universal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/bits"
	"strconv"
	"time"
	"unicode/utf8"
)

// Encoder turns events into their one encoding. It remembers what it wrote of
// the last event's time and envelope, since the events of a batch share them.
// The zero Encoder is ready; it is not safe for concurrent use.
type Encoder struct {
	time         time.Time
	timeText     []byte
	envelope     envelope
	envelopeText []byte
}

// envelope is what stands between an event's time and its data.
type envelope struct {
	sessionID string
	native    NullString
	turn      NullString
	synthetic bool
	source    Source
	eventType EventType
}

func (e *envelope) append(dst []byte) []byte {
	dst = append(dst, `","session_id":`...)
	dst = AppendString(dst, e.sessionID)
	dst = append(dst, `,"native_session_id":`...)
	dst = appendNullString(dst, e.native)
	dst = append(dst, `,"turn_id":`...)
	dst = appendNullString(dst, e.turn)
	dst = append(dst, `,"synthetic":`...)
	dst = strconv.AppendBool(dst, e.synthetic)
	dst = append(dst, `,"source":`...)
	dst = AppendString(dst, string(e.source))
	dst = append(dst, `,"type":`...)
	dst = AppendString(dst, string(e.eventType))
	return append(dst, `,"data":`...)
}

// AppendHead appends an event's JSON up to and including `"raw":`, so that a
// reader can be given the event with or without its raw payload: the whole is
// the head, the raw payload or null, and a closing brace. The result is one
// line, with U+2028 and U+2029 escaped.
func (e *Encoder) AppendHead(dst []byte, ev *Event) ([]byte, error) {
	start := len(dst)
	dst = append(dst, `{"event_id":`...)
	dst = AppendString(dst, ev.EventID)
	dst = append(dst, `,"sequence":`...)
	dst = strconv.AppendUint(dst, ev.Sequence, 10)
	dst = append(dst, `,"time":"`...)
	if e.timeText == nil || !ev.Time.Equal(e.time) {
		e.time = ev.Time
		e.timeText = ev.Time.UTC().AppendFormat(e.timeText[:0], time.RFC3339Nano)
	}
	dst = append(dst, e.timeText...)
	now := envelope{ev.SessionID, ev.NativeSessionID, ev.TurnID, ev.Synthetic, ev.Source, ev.Type}
	if e.envelopeText == nil || now != e.envelope {
		e.envelope = now
		e.envelopeText = now.append(e.envelopeText[:0])
	}
	dst = append(dst, e.envelopeText...)
	dst, err := appendData(dst, ev.Data)
	if err != nil {
		return dst[:start], fmt.Errorf("encode %s event: %w", ev.Type, err)
	}
	return append(dst, `,"raw":`...), nil
}

// AppendEvent appends an event's whole JSON, its raw payload included.
func (e *Encoder) AppendEvent(dst []byte, ev *Event) ([]byte, error) {
	dst, err := e.AppendHead(dst, ev)
	if err != nil {
		return dst, err
	}
	if ev.Raw == nil {
		return append(dst, `null}`...), nil
	}
	return append(AppendRaw(dst, ev.Raw), '}'), nil
}

// appendData has a way of its own for the types of event that flood, and whose
// texts are long: encoding/json copies and checks a text once for each level
// that it is nested.
func appendData(dst []byte, data Data) ([]byte, error) {
	switch d := data.(type) {
	case nil:
		return dst, fmt.Errorf("no data")
	case *ItemDeltaData:
		dst = append(dst, `{"item_id":`...)
		dst = AppendString(dst, d.ItemID)
		dst = append(dst, `,"native_item_id":`...)
		dst = appendNullString(dst, d.NativeItemID)
		dst = append(dst, `,"delta":`...)
		dst = AppendString(dst, d.Delta)
		return append(dst, '}'), nil
	case *ItemData:
		return appendItemData(dst, d)
	}
	b, err := marshal(data)
	if err != nil {
		return dst, err
	}
	return AppendRaw(dst, b), nil
}

func appendItemData(dst []byte, d *ItemData) ([]byte, error) {
	it := &d.Item
	dst = append(dst, `{"item":{"item_id":`...)
	dst = AppendString(dst, it.ItemID)
	dst = append(dst, `,"native_item_id":`...)
	dst = appendNullString(dst, it.NativeItemID)
	dst = append(dst, `,"parent_id":`...)
	dst = appendNullString(dst, it.ParentID)
	dst = append(dst, `,"kind":`...)
	dst = AppendString(dst, string(it.Kind))
	dst = append(dst, `,"role":`...)
	dst = appendNullString(dst, NullString(it.Role))
	dst = append(dst, `,"content":`...)
	dst, err := appendContent(dst, it.Content)
	if err != nil {
		return dst, err
	}
	dst = append(dst, `,"status":`...)
	dst = AppendString(dst, string(it.Status))
	dst = append(dst, '}')
	if d.Rewritten {
		dst = append(dst, `,"rewritten":true`...)
	}
	return append(dst, '}'), nil
}

// marshal is json.Marshal without the escaping of <, > and &.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// MarshalJSON encodes the event whole.
func (ev *Event) MarshalJSON() ([]byte, error) {
	var e Encoder
	return e.AppendEvent(nil, ev)
}

// UnmarshalJSON decodes an event; the type of Data follows from "type".
func (ev *Event) UnmarshalJSON(b []byte) error {
	type plain Event
	wire := struct {
		*plain
		Data json.RawMessage `json:"data"`
	}{plain: (*plain)(ev)}
	if err := json.Unmarshal(b, &wire); err != nil {
		return fmt.Errorf("decode event: %w", err)
	}
	if string(ev.Raw) == "null" {
		ev.Raw = nil
	}
	ev.Data = NewData(ev.Type)
	if len(wire.Data) == 0 {
		return fmt.Errorf("decode %s event: no data", ev.Type)
	}
	if err := json.Unmarshal(wire.Data, ev.Data); err != nil {
		return fmt.Errorf("decode %s event: %w", ev.Type, err)
	}
	return nil
}

func appendNullString(dst []byte, s NullString) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return AppendString(dst, string(s))
}

const hexDigits = "0123456789abcdef"

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// plainASCII counts the bytes at the beginning of s that are ASCII and stand for
// themselves in a JSON string. It looks at eight bytes at a time.
func plainASCII(s string) int {
	n := 0
	for ; len(s)-n >= 8; n += 8 {
		w := uint64(s[n]) | uint64(s[n+1])<<8 | uint64(s[n+2])<<16 | uint64(s[n+3])<<24 |
			uint64(s[n+4])<<32 | uint64(s[n+5])<<40 | uint64(s[n+6])<<48 | uint64(s[n+7])<<56
		quote := w ^ (lowBits * '"')
		slash := w ^ (lowBits * '\\')
		// A byte's high bit is set in special when the byte is a quote, a
		// backslash, below 0x20 or no ASCII; false alarms can only follow a
		// true one, since a borrow comes from a lower byte.
		special := (quote - lowBits) | (slash - lowBits) | (w - lowBits*0x20) | w
		if special &= highBits; special != 0 {
			return n + bits.TrailingZeros64(special)/8
		}
	}
	for ; n < len(s); n++ {
		if c := s[n]; c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			break
		}
	}
	return n
}

// AppendString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD;
// U+2028 and U+2029 are escaped, since line-splitting clients break on them.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		if i += plainASCII(s[i:]); i == len(s) {
			break
		}
		c := s[i]
		if c < utf8.RuneSelf {
			dst = append(dst, s[start:i]...)
			dst = appendEscaped(dst, c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\ufffd"...)
			start = i + size
		case r == '\u2028' || r == '\u2029':
			dst = append(dst, s[start:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, hexDigits[r&0xF])
			start = i + size
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendEscaped(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xF])
}

// AppendRaw appends one line of valid JSON, escaping U+2028 and U+2029, which
// can stand only in its strings.
func AppendRaw(dst, raw []byte) []byte {
	for {
		i := bytes.Index(raw, []byte("\u2028"[:2]))
		if i < 0 || i+2 >= len(raw) {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:i]...)
		switch last := raw[i+2]; last {
		case 0xA8, 0xA9:
			dst = append(dst, `\u202`...)
			dst = append(dst, hexDigits[last&0xF])
		default:
			dst = append(dst, raw[i:i+3]...)
		}
		raw = raw[i+3:]
	}
}
