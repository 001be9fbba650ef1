package credentials

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// maxFile bounds a file of credentials, in bytes. Claude Code keeps a history
// in one of them, which grows.
const maxFile = 32 << 20

// home is the directory of the person's files; "" if there is none.
func (f *finder) home() string {
	switch {
	case f.Home != "":
		return f.Home
	case runtime.GOOS == "windows":
		return f.Getenv("USERPROFILE")
	}
	return f.Getenv("HOME")
}

// moved is the directory that a variable of the environment names; "" if it
// names none, or is about another home.
func (f *finder) moved(variable string) string {
	if f.Home != "" {
		return ""
	}
	return f.Getenv(variable)
}

// path is a file or directory in a directory; "" if there is no such
// directory.
func path(dir string, names ...string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(append([]string{dir}, names...)...)
}

// dataHome is where programs that keep to the XDG base directories have their
// data, on every system.
func (f *finder) dataHome() string {
	if dir := f.moved("XDG_DATA_HOME"); dir != "" {
		return dir
	}
	return path(f.home(), ".local", "share")
}

// configHome is the same for what a person sets.
func (f *finder) configHome() string {
	if dir := f.moved("XDG_CONFIG_HOME"); dir != "" {
		return dir
	}
	return path(f.home(), ".config")
}

// read reads a file that has a JSON object. Where there is no file, or a broken
// one, which becomes a problem, the object is nil.
func (f *finder) read(file string) object {
	if file == "" {
		return nil
	}
	text, err := readFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var o object
	if err == nil {
		o, err = parse(text)
	}
	if err != nil {
		f.problem(file, err.Error())
		return nil
	}
	return o
}

// readFile reads a file that is one: opening a pipe would wait for its writer.
func readFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("it can't be read: %w", bare(err))
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a file; move it away")
	}
	r, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("it can't be read: %w", bare(err))
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("it can't be read: %w", bare(err))
	case len(text) > maxFile:
		return nil, fmt.Errorf("it has more than %d MiB, so it was not read", maxFile>>20)
	}
	return text, nil
}

// bare is an error without the path, which the problem names already.
func bare(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// object is a JSON object. Unlike the fields of a Go struct, its members are
// found by their exact names.
type object map[string]json.RawMessage

// errBroken says nothing of the text, which may hold secrets.
var errBroken = errors.New("it is not a JSON object; repair or remove it, or log in again")

// parse reads a JSON object. An empty file is one that a program is about to
// write, or has given up.
func parse(text []byte) (object, error) {
	text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
	if len(bytes.TrimSpace(text)) == 0 {
		return object{}, nil
	}
	var o object
	if err := json.Unmarshal(text, &o); err != nil || o == nil {
		return nil, errBroken
	}
	return o, nil
}

// object is the member of this name; nil if it is none.
func (o object) object(name string) object {
	var member object
	if json.Unmarshal(o[name], &member) != nil {
		return nil
	}
	return member
}

// text is the text that a way of names leads to; "" if there is none.
func (o object) text(names ...string) string {
	for _, name := range names[:len(names)-1] {
		o = o.object(name)
	}
	var text string
	if json.Unmarshal(o[names[len(names)-1]], &text) != nil {
		return ""
	}
	return text
}

// secret is such a text that is one.
func (o object) secret(names ...string) Secret { return NewSecret(o.text(names...)) }
