package oneline

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "",
		"\n  first \nsecond":        "first ",
		strings.Repeat("ä", Most):   strings.Repeat("ä", Most),
		strings.Repeat("ä", Most+1): strings.Repeat("ä", Most-1) + "…",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	for raw, want := range map[string]string{
		"{ \"a\" :\n1 }": `{"a":1}`,
		`"x y"`:          `"x y"`,
		`{"a":`:          "{}",
		"":               "{}",
	} {
		if got := string(JSON([]byte(raw))); got != want {
			t.Errorf("%q becomes %s, want %s", raw, got, want)
		}
	}
}
