package amp

import (
	"strconv"
	"strings"
)

// generation is a family of releases that take the same flags and behave alike.
type generation int

const (
	// january runs the agent's loop itself: a JavaScript bundle.
	january generation = iota
	// may does so too, takes pictures on stdin and knows several modes.
	may
	// native is one program with the loop on Amp's service: it has plugins.
	native
)

// The first releases of the generations, as the time of their build in seconds
// since 1970, which is the third number of a version. Seen were one build of
// each; what lies between January's and May's, up to the beginning of April,
// counts as January's, which takes the fewest flags, and whatever came after
// May's is native, as the npm package was from then on.
const (
	firstMay    = 1_775_000_000
	firstNative = 1_777_897_476
)

// build reads the time of the build from a version such as
// "0.0.1790142911-g7618fb".
func build(version string) (seconds int64, ok bool) {
	number, _, _ := strings.Cut(version, "-")
	parts := strings.Split(number, ".")
	if len(parts) != 3 {
		return 0, false
	}
	seconds, err := strconv.ParseInt(parts[2], 10, 64)
	return seconds, err == nil && seconds > 0
}

// generationOf sorts a version; one that is not understood counts as the
// newest, and known is false.
func generationOf(version string) (g generation, known bool) {
	seconds, ok := build(version)
	switch {
	case !ok:
		return native, false
	case seconds < firstMay:
		return january, true
	case seconds < firstNative:
		return may, true
	}
	return native, true
}
