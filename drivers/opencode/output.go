package opencode

import "strings"

// While a command runs, OpenCode tells all that it has printed so far. Of a long
// output that is its end only, behind a mark: a window that moves on.
const windowMark = "...\n\n"

// windowProbe is how much of the beginning of a window is looked for in the one
// before, in bytes: two that share less count as torn apart.
const windowProbe = 256

// printed is what was printed between two looks at a command's output. When more
// was than a window holds, the pieces in between are left out, under a mark.
func printed(before, now string) string {
	if more, ok := strings.CutPrefix(now, before); ok {
		return more
	}
	window, moved := strings.CutPrefix(now, windowMark)
	if !moved {
		return "" // it begins anew, which no release does: the end has all of it
	}
	before = strings.TrimPrefix(before, windowMark)
	probe := window[:min(len(window), windowProbe)]
	for from := 0; ; {
		at := strings.Index(before[from:], probe)
		if at < 0 {
			break
		}
		from += at
		if more, ok := strings.CutPrefix(window, before[from:]); ok {
			return more
		}
		from++
	}
	return "\n" + windowMark + window
}
