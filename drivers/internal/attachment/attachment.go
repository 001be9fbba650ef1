// Package attachment looks at what a person sends along with a message, so that
// a driver can give each agent what it takes: a file that the model's API
// refuses would poison every later turn.
package attachment

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // for DecodeConfig
	_ "image/jpeg"
	_ "image/png"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// File is an attachment that was read.
type File struct {
	Name string
	// Path is where it lies; "" for one that was sent by value.
	Path string
	// Kind is its media type: what it looks like for pictures and PDF, where a
	// wrong one does harm, else what is said of it.
	Kind string
	// Data is what is in it; nil for a directory, and for a file with more bytes
	// than were asked for.
	Data []byte
}

// Read reads an attachment of at most most bytes. The error is a
// *universal.Error.
func Read(a *drivers.Attachment, most int) (File, error) {
	f := File{Name: a.Filename, Path: a.Path, Data: a.Data}
	if f.Name == "" && a.Path != "" {
		f.Name = filepath.Base(a.Path)
	}
	if a.Path != "" && a.Data == nil {
		data, err := readFile(a.Path, most)
		if err != nil {
			return f, universal.InvalidRequest("attachment %s can't be read: %v", a.Path, err).With("reason", "attachment_unreadable").Because(err)
		}
		f.Data = data
	}
	if len(f.Data) > most {
		return f, Unusable(f.Name, fmt.Sprintf("it has %d bytes; up to %d can be sent", len(f.Data), most))
	}
	f.Kind = mediaType(a.Mime, f.Name, f.Data)
	return f, nil
}

// Unusable is the error for an attachment that can't be sent.
func Unusable(name, why string) error {
	return universal.InvalidRequest("attachment %q can't be used: %s", name, why).With("reason", "attachment_unusable")
}

// IsText tells whether the file is a text with something in it.
func (f *File) IsText() bool {
	return len(f.Data) > 0 && utf8.Valid(f.Data) && !bytes.ContainsRune(f.Data, 0)
}

// IsImage tells whether the file says that it is a picture, of whatever kind.
func (f *File) IsImage() bool { return strings.HasPrefix(f.Kind, "image/") }

// IsPicture tells whether it says that it is a picture of a kind that models
// take.
func (f *File) IsPicture() bool {
	switch f.Kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return true
	}
	return false
}

// IsPDF tells whether the file says that it is a PDF.
func (f *File) IsPDF() bool { return f.Kind == "application/pdf" }

// CheckPDF says what is wrong with a PDF.
func (f *File) CheckPDF() error {
	if !bytes.HasPrefix(f.Data, []byte("%PDF-")) {
		return errors.New("it is no PDF")
	}
	return nil
}

// DataURL is the file as a data: URL of its kind.
func (f *File) DataURL() string {
	return "data:" + f.Kind + ";base64," + base64.StdEncoding.EncodeToString(f.Data)
}

// CheckImage says what is wrong with a picture: models take PNG, JPEG, GIF and
// WebP that aren't broken.
func (f *File) CheckImage() error {
	if err := f.checkHeader(); err != nil {
		return err
	}
	if !isWhole(f.Kind, f.Data) {
		return errors.New("the picture is broken: it is cut off")
	}
	return nil
}

func (f *File) checkHeader() error {
	switch f.Kind {
	case "image/png", "image/jpeg", "image/gif":
		if _, _, err := image.DecodeConfig(bytes.NewReader(f.Data)); err != nil {
			return fmt.Errorf("the picture is broken: %w", err)
		}
		return nil
	case "image/webp":
		if len(f.Data) < 16 || string(f.Data[:4]) != "RIFF" || string(f.Data[8:12]) != "WEBP" {
			return fmt.Errorf("the picture is broken")
		}
		return nil
	}
	return fmt.Errorf("pictures may be PNG, JPEG, GIF and WebP, this is %s", f.Kind)
}

// readFile reads a file unless it is a directory or larger than wanted.
func readFile(path string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, nil
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil || len(data) > most {
		return nil, err
	}
	return data, nil
}

func mediaType(said, name string, data []byte) string {
	looks, _, _ := strings.Cut(http.DetectContentType(data), ";")
	if strings.HasPrefix(looks, "image/") || looks == "application/pdf" {
		return looks
	}
	for _, s := range []string{said, mime.TypeByExtension(filepath.Ext(name))} {
		if kind, _, err := mime.ParseMediaType(s); err == nil && kind != "application/octet-stream" {
			return kind
		}
	}
	return looks
}
