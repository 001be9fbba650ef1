package terminal

import (
	"regexp"
	"strings"
	"unicode"
)

// Clean makes a text harmless for a terminal: control characters become
// visible signs, but for newlines and tabs; a carriage return is a newline.
// Characters that change the direction of writing, which let a text look like
// another, become U+FFFD.
func Clean(text string) string {
	var c cleaner
	return c.clean(text)
}

// CleanLine is Clean for what has to stay on one line: newlines and tabs
// become visible signs, too.
func CleanLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return picture + r
		}
		return r
	}, Clean(strings.TrimRight(text, "\n")))
}

// picture is the first of the signs that stand for control characters.
const picture = '\u2400'

// cleaner cleans a text that comes in pieces.
type cleaner struct {
	afterCR bool // the piece before ended with a carriage return
}

func (c *cleaner) clean(piece string) string {
	return strings.Map(func(r rune) rune {
		afterCR := c.afterCR
		c.afterCR = r == '\r'
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' && afterCR:
			return -1
		case r == '\n', r == '\t':
			return r
		case r < ' ':
			return picture + r
		case r == 0x7F:
			return '\u2421'
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		case r == '\u2028', r == '\u2029':
			return '\n'
		}
		return r
	}, piece)
}

// control is a well-formed CSI sequence, as programs colour their output with.
// It holds nothing that a person would miss.
var control = regexp.MustCompile("\x1b\\[[0-?]{0,32}[ -/]{0,4}[@-~]")

// cleanOutput cleans what a program printed.
func cleanOutput(text string) string {
	return Clean(control.ReplaceAllLiteralString(text, ""))
}
