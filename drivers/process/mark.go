package process

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
)

// MarkVariable is the environment variable that marks everything a process
// starts. Its value is a list of marks separated by commas, outermost bridge
// first: a bridge that is itself started inside a session of another bridge
// passes the outer marks on, so that both can find what belongs to them.
//
// A mark is "<bridge>.<process>", two random ids in hexadecimal digits.
const MarkVariable = "SANDBOX_AGENT_MARK"

// newID returns 16 random hexadecimal digits.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// markEnv returns env with mark added to the outer marks and to those that env
// has already.
func markEnv(env []string, outer, mark string) []string {
	marks := splitMarks(outer)
	marked := make([]string, 0, len(env)+1)
	for _, entry := range env {
		if strings.HasPrefix(entry, guardVariable+"=") {
			continue // nobody but the guard is one
		}
		value, ok := strings.CutPrefix(entry, MarkVariable+"=")
		if !ok {
			marked = append(marked, entry)
			continue
		}
		for _, m := range splitMarks(value) {
			if !slices.Contains(marks, m) {
				marks = append(marks, m)
			}
		}
	}
	return append(marked, MarkVariable+"="+strings.Join(append(marks, mark), ","))
}

func splitMarks(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
}

// markOf returns the process part of the first mark of the bridge in a value of
// [MarkVariable].
func markOf(bridge, value string) (process string, ok bool) {
	for _, m := range splitMarks(value) {
		if b, p, _ := strings.Cut(m, "."); b == bridge {
			return p, true
		}
	}
	return "", false
}
