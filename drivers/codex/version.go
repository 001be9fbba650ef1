package codex

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	// knownVersion is the version that this driver was made for.
	knownVersion = "0.169.0"
	// oldestVersion is the oldest whose app-server is spoken with: before, it
	// has other methods.
	oldestVersion = "0.150.0"
)

func tooOld(version string) string {
	return fmt.Sprintf("codex %s is too old: %s or newer is needed; install a newer one, such as %s", version, oldestVersion, knownVersion)
}

// isOlder compares versions of the form 1.2.3, of which a suffix doesn't count.
// What has another form is as new as any.
func isOlder(version, than string) bool {
	v, ok := numbers(version)
	t, _ := numbers(than)
	if !ok {
		return false
	}
	for i := range v {
		if v[i] != t[i] {
			return v[i] < t[i]
		}
	}
	return false
}

func numbers(version string) (n [3]int, ok bool) {
	version, _, _ = strings.Cut(version, "-")
	parts := strings.Split(version, ".")
	if len(parts) != len(n) {
		return n, false
	}
	for i, part := range parts {
		var err error
		if n[i], err = strconv.Atoi(part); err != nil {
			return n, false
		}
	}
	return n, true
}

// isKnown tells whether a version differs from the known one in its last number
// at most.
func isKnown(version string) bool {
	v, ok := numbers(version)
	k, _ := numbers(knownVersion)
	return ok && v[0] == k[0] && v[1] == k[1]
}
