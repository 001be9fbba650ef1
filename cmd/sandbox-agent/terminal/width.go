package terminal

import (
	"strings"
	"unicode"
)

// wide are the ranges of characters that take two columns, East Asian scripts
// and emoji, as far as terminals agree on them.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115F, Stride: 1},
		{Lo: 0x231A, Hi: 0x231B, Stride: 1},
		{Lo: 0x23E9, Hi: 0x23EC, Stride: 1},
		{Lo: 0x2705, Hi: 0x2705, Stride: 1},
		{Lo: 0x270A, Hi: 0x270B, Stride: 1},
		{Lo: 0x2728, Hi: 0x2728, Stride: 1},
		{Lo: 0x274C, Hi: 0x274C, Stride: 1},
		{Lo: 0x2753, Hi: 0x2755, Stride: 1},
		{Lo: 0x2E80, Hi: 0x303E, Stride: 1},
		{Lo: 0x3041, Hi: 0x33FF, Stride: 1},
		{Lo: 0x3400, Hi: 0x4DBF, Stride: 1},
		{Lo: 0x4E00, Hi: 0xA4CF, Stride: 1},
		{Lo: 0xA960, Hi: 0xA97F, Stride: 1},
		{Lo: 0xAC00, Hi: 0xD7A3, Stride: 1},
		{Lo: 0xF900, Hi: 0xFAFF, Stride: 1},
		{Lo: 0xFE30, Hi: 0xFE6F, Stride: 1},
		{Lo: 0xFF00, Hi: 0xFF60, Stride: 1},
		{Lo: 0xFFE0, Hi: 0xFFE6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x16FE0, Hi: 0x18DFF, Stride: 1},
		{Lo: 0x1B000, Hi: 0x1B2FF, Stride: 1},
		{Lo: 0x1F300, Hi: 0x1F64F, Stride: 1},
		{Lo: 0x1F680, Hi: 0x1F6FF, Stride: 1},
		{Lo: 0x1F900, Hi: 0x1F9FF, Stride: 1},
		{Lo: 0x1FA70, Hi: 0x1FAFF, Stride: 1},
		{Lo: 0x20000, Hi: 0x3FFFD, Stride: 1},
	},
}

// columns is how many columns a character takes.
func columns(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// cut shortens a line to a number of columns; 0 means as long as it is.
func cut(line string, width int) string {
	if width <= 0 {
		return line
	}
	used, fits := 0, 0 // columns so far, and bytes that leave room for the sign
	for at, r := range line {
		if used <= width-1 {
			fits = at
		}
		if used += columns(r); used > width {
			return line[:fits] + "…"
		}
	}
	return line
}

// excerpt is a text's lines, the middle ones left out where there are more
// than head and tail: hidden is how many, and they belong after the first head.
func excerpt(text string, head, tail int) (lines []string, hidden int) {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return nil, 0
	}
	lines = strings.Split(text, "\n")
	// One line more takes no more room than saying that it was left out.
	if len(lines) <= head+tail+1 {
		return lines, 0
	}
	hidden = len(lines) - head - tail
	return append(lines[:head:head], lines[len(lines)-tail:]...), hidden
}
