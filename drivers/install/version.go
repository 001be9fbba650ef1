package install

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Versions remembers which version a program told, as long as its file stays
// the same. The zero value is ready; it is safe for concurrent use.
type Versions struct {
	mu    sync.Mutex
	known map[Identity]*version
}

// version is what is known of one state of a file.
type version struct {
	asking chan struct{} // holds a token while a program is asked
	text   string        // "" while unknown; the token's holder reads and writes it
}

// Of returns the version of the program at a path. ask runs the program, as
// process.Output does; it is called once for each state of the file, and again
// after an error, but never twice at the same time. parse finds the version in
// what the program printed, see [Word]; "" means that there is none.
func (v *Versions) Of(ctx context.Context, path string, ask func(context.Context) ([]byte, error), parse func(output string) string) (string, error) {
	id, err := Identify(path)
	if err != nil {
		return "", fmt.Errorf("read the version: %w", err)
	}
	entry := v.entry(id)
	select {
	case entry.asking <- struct{}{}:
		defer func() { <-entry.asking }()
	case <-ctx.Done():
		return "", fmt.Errorf("read the version: %w", context.Cause(ctx))
	}
	if entry.text != "" {
		return entry.text, nil
	}
	out, err := ask(ctx)
	if err != nil {
		return "", err
	}
	text := parse(string(out))
	if text == "" {
		return "", errors.New("it doesn't tell its version")
	}
	entry.text = text
	return text, nil
}

func (v *Versions) entry(id Identity) *version {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = map[Identity]*version{}
	}
	entry := v.known[id]
	if entry == nil {
		// What was at this path before is gone.
		for old := range v.known {
			if old.Path == id.Path {
				delete(v.known, old)
			}
		}
		entry = &version{asking: make(chan struct{}, 1)}
		v.known[id] = entry
	}
	return entry
}

// Word returns the n-th word of what a program printed, counted from 0.
func Word(n int) func(output string) string {
	return func(output string) string {
		words := strings.Fields(output)
		if n >= len(words) {
			return ""
		}
		return words[n]
	}
}
