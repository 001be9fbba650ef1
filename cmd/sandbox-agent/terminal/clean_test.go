package terminal

import (
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "a\tb\nc", "a\tb\nc"},
		{"escape", "a\x1b[31mb", "a␛[31mb"},
		{"carriage return", "one\rtwo\r\nthree", "one\ntwo\nthree"},
		{"delete and C1", "a\x7fb\u009bc", "a␡b\uFFFDc"},
		{"direction", "a\u202eb\u2066c", "a\uFFFDb\uFFFDc"},
		{"separators", "a\u2028b", "a\nb"},
		{"letters", "naïve 日本 🙂", "naïve 日本 🙂"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Clean(tt.text); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.text, got, tt.want)
			}
			var c cleaner
			var pieces strings.Builder
			for _, r := range tt.text {
				pieces.WriteString(c.clean(string(r)))
			}
			if pieces.String() != tt.want {
				t.Errorf("in pieces: %q, want %q", pieces.String(), tt.want)
			}
		})
	}
	if got, want := CleanLine("a\nb\tc\n"), "a␊b␉c"; got != want {
		t.Errorf("CleanLine = %q, want %q", got, want)
	}
	if got, want := cleanOutput("\x1b[1;31mred\x1b[0m \x1b]0;title\x07"), "red ␛]0;title␇"; got != want {
		t.Errorf("cleanOutput = %q, want %q", got, want)
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		line  string
		width int
		want  string
	}{
		{"hello", 0, "hello"},
		{"hello", 5, "hello"},
		{"hello!", 5, "hell…"},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"e\u0301e\u0301", 2, "e\u0301e\u0301"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		{"ab", 1, "…"},
	} {
		if got := cut(tt.line, tt.width); got != tt.want {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.line, tt.width, got, tt.want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	for _, tt := range []struct {
		text       string
		head, tail int
		want       string
		hidden     int
	}{
		{"", 2, 1, "", 0},
		{"1\n2\n3\n", 2, 1, "1 2 3", 0},
		{"1\n2\n3\n4", 2, 1, "1 2 3 4", 0}, // to leave one out would save nothing
		{"1\n2\n3\n4\n5", 2, 1, "1 2 5", 2},
		{"1\n2\n3\n4\n5", 3, 0, "1 2 3", 2},
	} {
		lines, hidden := excerpt(tt.text, tt.head, tt.tail)
		if got := strings.Join(lines, " "); got != tt.want || hidden != tt.hidden {
			t.Errorf("excerpt(%q, %d, %d) = %q and %d hidden, want %q and %d", tt.text, tt.head, tt.tail, got, hidden, tt.want, tt.hidden)
		}
	}
}

func FuzzCleanInPieces(f *testing.F) {
	f.Add("a\r\nb", 2)
	f.Add("\x1b[0m\u009b", 1)
	f.Fuzz(func(t *testing.T, text string, at int) {
		runes := []rune(text)
		at = min(max(at, 0), len(runes))
		var c cleaner
		pieces := c.clean(string(runes[:at])) + c.clean(string(runes[at:]))
		if want := Clean(string(runes)); pieces != want {
			t.Errorf("in pieces %q, as a whole %q", pieces, want)
		}
	})
}
