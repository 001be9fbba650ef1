// Package jsonscan walks over one JSON text and picks out single fields,
// without building values of the rest. It is for the few messages of an agent
// that come by the thousand.
//
// A [Scanner] is strict: what it accepts, encoding/json accepts and decodes to
// the same values. The reverse does not hold. Whatever is unusual (invalid
// UTF-8 in a string that is wanted, a number that is no plain integer, nesting
// deeper than [MaxDepth], a key with an escape) it refuses, and the caller takes
// the slow way. It neither allocates nor keeps the text.
package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is how deep values may nest that are skipped.
const MaxDepth = 64

// Scanner reads a JSON text from left to right. After the first method that
// returned false, nothing that it says means anything.
type Scanner struct {
	text []byte
	pos  int
}

// New returns a scanner at the beginning of text.
func New(text []byte) Scanner { return Scanner{text: text} }

// Value tells which byte the next value begins with, having skipped the
// space before it; 0 at the end of the text.
func (s *Scanner) Value() byte {
	s.space()
	if s.pos >= len(s.text) {
		return 0
	}
	return s.text[s.pos]
}

// Offset is how much of the text has been read, in bytes. After [Scanner.Value]
// it is where the value begins.
func (s *Scanner) Offset() int { return s.pos }

// End tells whether nothing but space is left.
func (s *Scanner) End() bool {
	s.space()
	return s.pos == len(s.text)
}

// Open enters an object and tells whether it has members.
func (s *Scanner) Open() (members, ok bool) {
	if !s.byte('{') {
		return false, false
	}
	if s.Value() == '}' {
		s.pos++
		return false, true
	}
	return true, true
}

// Key reads a member's name and the colon behind it. Names with escapes are
// refused. The result is a part of the text.
func (s *Scanner) Key() (key []byte, ok bool) {
	key, escaped, ok := s.String()
	if !ok || escaped || !s.byte(':') {
		return nil, false
	}
	return key, true
}

// Next goes on behind a member's value and tells whether another member
// follows; when none does, the object has been left.
func (s *Scanner) Next() (more, ok bool) {
	switch s.Value() {
	case ',':
		s.pos++
		return true, true
	case '}':
		s.pos++
		return false, true
	}
	return false, false
}

// String reads a string and returns what stands between its quotes, which is
// a part of the text, and whether that contains escapes; then [Unescape] makes
// the string of it.
func (s *Scanner) String() (inner []byte, escaped, ok bool) {
	if !s.byte('"') {
		return nil, false, false
	}
	start := s.pos
	ascii := true
	for {
		n, plain := span(s.text[s.pos:])
		s.pos += n
		ascii = ascii && plain
		if s.pos >= len(s.text) {
			return nil, false, false
		}
		switch s.text[s.pos] {
		case '"':
			inner = s.text[start:s.pos]
			s.pos++
			if !ascii && !utf8.Valid(inner) {
				return nil, false, false
			}
			return inner, escaped, true
		case '\\':
			n := escapeLength(s.text[s.pos:])
			if n == 0 {
				return nil, false, false
			}
			escaped = true
			s.pos += n
		default: // a control character
			return nil, false, false
		}
	}
}

// Null reads null.
func (s *Scanner) Null() bool { return s.literal("null") }

// Int reads an integer from 0 to 999,999,999.
func (s *Scanner) Int() (n int, ok bool) {
	s.space()
	start := s.pos
	for s.pos < len(s.text) && s.text[s.pos] >= '0' && s.text[s.pos] <= '9' && s.pos-start < 10 {
		n = n*10 + int(s.text[s.pos]-'0')
		s.pos++
	}
	digits := s.pos - start
	if digits == 0 || digits > 9 || (digits > 1 && s.text[start] == '0') {
		return 0, false
	}
	if s.pos < len(s.text) {
		switch s.text[s.pos] {
		case '.', 'e', 'E':
			return 0, false
		}
	}
	return n, true
}

// Skip passes over any value, checking that it is well-formed.
func (s *Scanner) Skip() bool { return s.skip(MaxDepth) }

func (s *Scanner) skip(depth int) bool {
	if depth == 0 {
		return false
	}
	switch s.Value() {
	case '"':
		_, _, ok := s.String()
		return ok
	case '{':
		more, ok := s.Open()
		for more && ok {
			if _, _, ok = s.String(); !ok || !s.byte(':') || !s.skip(depth-1) {
				return false
			}
			more, ok = s.Next()
		}
		return ok
	case '[':
		return s.skipArray(depth)
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	}
	return s.skipNumber()
}

func (s *Scanner) skipArray(depth int) bool {
	s.pos++
	if s.Value() == ']' {
		s.pos++
		return true
	}
	for s.skip(depth - 1) {
		switch s.Value() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			return true
		default:
			return false
		}
	}
	return false
}

func (s *Scanner) skipNumber() bool {
	s.space()
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return false
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		return s.digits()
	}
	return true
}

func (s *Scanner) digits() bool {
	start := s.pos
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.pos++
	}
	return s.pos > start
}

func (s *Scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *Scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// byte skips space and takes c.
func (s *Scanner) byte(c byte) bool {
	if s.Value() != c {
		return false
	}
	s.pos++
	return true
}

func (s *Scanner) literal(word string) bool {
	s.space()
	if len(s.text)-s.pos < len(word) || string(s.text[s.pos:s.pos+len(word)]) != word {
		return false
	}
	s.pos += len(word)
	return true
}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// span counts the bytes at the beginning of b that stand for themselves in a
// string, and tells whether they are ASCII; it may say no when only a byte
// behind them isn't. It looks at eight bytes at a time.
func span(b []byte) (n int, ascii bool) {
	var seen uint64
	for len(b)-n >= 8 {
		w := binary.LittleEndian.Uint64(b[n:])
		seen |= w
		quote := w ^ (lowBits * '"')
		slash := w ^ (lowBits * '\\')
		// A byte's high bit is set in special when the byte is a quote, a
		// backslash or below 0x20; false alarms can only follow a true one,
		// since a borrow comes from a lower byte.
		special := ((quote - lowBits) &^ quote) | ((slash - lowBits) &^ slash) | ((w - lowBits*0x20) &^ w)
		if special &= highBits; special != 0 {
			return n + bits.TrailingZeros64(special)/8, seen&highBits == 0
		}
		n += 8
	}
	for n < len(b) {
		c := b[n]
		if c == '"' || c == '\\' || c < 0x20 {
			break
		}
		seen |= uint64(c)
		n++
	}
	return n, seen&highBits == 0
}

// escapeLength is the length of the escape at the beginning of b, 0 if it is
// none.
func escapeLength(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b); ok {
			return 6
		}
	}
	return 0
}

// hex4 reads the \uXXXX at the beginning of b.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// Unescape appends to dst the string that inner, as returned by
// [Scanner.String], stands for. Half a surrogate pair becomes U+FFFD.
func Unescape(dst, inner []byte) []byte {
	for i := 0; i < len(inner); {
		if n, _ := span(inner[i:]); n > 0 {
			dst = append(dst, inner[i:i+n]...)
			i += n
			continue
		}
		switch c := inner[i+1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(inner[i:])
			i += 6
			if utf16.IsSurrogate(r) {
				second, ok := hex4(inner[i:])
				r = utf16.DecodeRune(r, second)
				if ok && r != unicode.ReplacementChar {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		default: // a quote, a backslash or a slash
			dst = append(dst, c)
		}
		i += 2
	}
	return dst
}
