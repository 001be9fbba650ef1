package credentials

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
)

// Secret is a text that isn't shown by accident: formatting it with any verb,
// logging it and encoding it all give [Secret.Redacted]. The zero value is the
// empty secret. Don't compare secrets with ==.
type Secret struct {
	// A pointer, since fmt, when it has no use for a verb, writes what the
	// fields of a value are without asking their methods; it follows a pointer
	// only at the top.
	text *string
}

// NewSecret makes a secret of a text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal is the text itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty tells whether there is no text.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// shown is how many bytes of a secret may be seen at each end.
const shown = 4

// Redacted is what may be seen: the first and last four bytes, so that a
// person knows which key it is. A secret of less than sixteen bytes, more of
// which would be seen than hidden, is four stars.
func (s Secret) Redacted() string {
	text := s.Reveal()
	switch {
	case text == "":
		return ""
	case len(text) < 4*shown:
		return "****"
	}
	return strings.ToValidUTF8(text[:shown], "*") + "..." + strings.ToValidUTF8(text[len(text)-shown:], "*")
}

// usable tells whether the text can be sent in an HTTP header and be the value
// of an environment variable.
func (s Secret) usable() bool {
	return printable(s.Reveal())
}

// printable tells whether a text has no control characters: a terminal would
// obey them.
func printable(text string) bool { return !strings.ContainsFunc(text, unicode.IsControl) }

// String implements fmt.Stringer.
func (s Secret) String() string { return s.Redacted() }

// Format implements fmt.Formatter: no verb and no flag shows more.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.Redacted()) }

// MarshalText implements encoding.TextMarshaler, for JSON too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.Redacted()), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.Redacted()) }
