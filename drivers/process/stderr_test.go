package process

import (
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func numbered(from, to int) string {
	var lines []string
	for i := from; i <= to; i++ {
		lines = append(lines, fmt.Sprint("line ", i))
	}
	return strings.Join(lines, "\n")
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("x", 500)
	tests := map[string]struct {
		text string
		want Stderr
	}{
		"nothing":              {"", Stderr{}},
		"one line":             {"a\n", Stderr{Head: "a", TotalLines: 1}},
		"no end":               {"a\r\nb", Stderr{Head: "a\nb", TotalLines: 2}},
		"70 lines":             {numbered(1, 70) + "\n", Stderr{Head: numbered(1, 70), TotalLines: 70}},
		"71 lines":             {numbered(1, 71) + "\n", Stderr{Head: numbered(1, 20), Tail: numbered(22, 71), Truncated: true, TotalLines: 71}},
		"71 lines, no end":     {numbered(1, 71), Stderr{Head: numbered(1, 20), Tail: numbered(22, 71), Truncated: true, TotalLines: 71}},
		"many lines":           {numbered(1, 1234) + "\n", Stderr{Head: numbered(1, 20), Tail: numbered(1185, 1234), Truncated: true, TotalLines: 1234}},
		"longest line":         {long + "\r\n", Stderr{Head: long, TotalLines: 1}},
		"too long a line":      {long + "x\nb\n", Stderr{Head: long + "...\nb", TotalLines: 2}},
		"too long by far":      {strings.Repeat(long, 99), Stderr{Head: long + "...", TotalLines: 1}},
		"cut in a character":   {long[:498] + "€uro", Stderr{Head: long[:498] + "...", TotalLines: 1}},
		"cut at a character":   {long[:497] + "€uro", Stderr{Head: long[:497] + "€...", TotalLines: 1}},
		"not a text":           {"a\xff\xfeb\n", Stderr{Head: "a\uFFFDb", TotalLines: 1}},
		"blank lines count":    {"\n\n\n", Stderr{Head: "\n\n", TotalLines: 3}},
		"return within a line": {"a\rb\n", Stderr{Head: "a\rb", TotalLines: 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := newExcerpt()
			e.collect(iotest.HalfReader(strings.NewReader(test.text)))
			if diff := cmp.Diff(test.want, e.snapshot()); diff != "" {
				t.Errorf("excerpt (-want +got):\n%s", diff)
			}
		})
	}
}
