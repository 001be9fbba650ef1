package amp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"
)

// sight is what was seen of a file before a tool replaces it.
type sight struct {
	path string  // as the tool was given it
	text *string // nil if it is too long, no text, or can't be read
}

// look reads the file that a call of create_file is about to replace, if a line
// asks about such a call: the CLI waits for the answer, so that the file is still
// as it was, and afterwards it doesn't tell what that was.
func look(line []byte, dir string) *sight {
	if !bytes.Contains(line, []byte(createFile)) || !bytes.Contains(line, []byte(typeChannel)) {
		return nil // most lines
	}
	var l channelLine
	if json.Unmarshal(line, &l) != nil || l.Type != typeChannel || l.Request.Kind != kindTool || l.Request.Tool != createFile {
		return nil
	}
	path := decodeInput(l.Request.Input).Path
	if path == "" {
		return nil
	}
	seen := &sight{path: path}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil || !info.Mode().IsRegular() || info.Size() > maxTexts:
		return seen
	}
	f, err := os.Open(path)
	if err != nil {
		return seen
	}
	defer f.Close()
	// It may have grown since.
	if text, err := io.ReadAll(io.LimitReader(f, maxTexts+1)); err == nil && len(text) <= maxTexts && utf8.Valid(text) {
		seen.text = new(string(text))
	}
	return seen
}
