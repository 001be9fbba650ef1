package credentials

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// expiry reads a time as agents write it: a number of milliseconds since 1970
// (Claude Code, OpenCode) or of seconds (tokens), as a number or a text, or RFC
// 3339. Nothing, null, 0 and "" are the zero time: it isn't known to end.
func expiry(raw json.RawMessage) (time.Time, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return time.Time{}, nil
	}
	text := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return time.Time{}, fmt.Errorf("read a time: %w", err)
		}
		if text == "" {
			return time.Time{}, nil
		}
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			return t, nil
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) {
		return time.Time{}, fmt.Errorf("%s is neither a number nor RFC 3339", strconv.Quote(text))
	}
	return instant(n), nil
}

// instant is the time of a number: of seconds, if as milliseconds it would be
// before March 1973, when no token was given out.
func instant(n float64) time.Time {
	const firstMilli, lastMilli = 1e11, 1e15 // the latter is in the year 33658
	switch {
	case n == 0:
		return time.Time{}
	case n < firstMilli:
		n *= 1000
	}
	return time.UnixMilli(int64(max(min(n, lastMilli), -lastMilli)))
}

// tokenExpiry is when a JSON web token ends, by what it says itself; the zero
// time for any other token.
func tokenExpiry(token string) time.Time {
	_, rest, _ := strings.Cut(token, ".")
	claims, _, ok := strings.Cut(rest, ".")
	if !ok {
		return time.Time{}
	}
	text, err := base64.RawURLEncoding.DecodeString(claims)
	if err != nil {
		return time.Time{}
	}
	o, err := parse(text)
	if err != nil {
		return time.Time{}
	}
	t, err := expiry(o["exp"])
	if err != nil {
		return time.Time{}
	}
	return t
}

// expires reads the member of an object that says when its token ends. A value
// that nobody understands is told, and the token is tried.
func (f *finder) expires(origin string, o object, name string) time.Time {
	t, err := expiry(o[name])
	if err != nil {
		f.problem(origin, name+" is not understood, so the token may have expired: "+err.Error())
	}
	return t
}
