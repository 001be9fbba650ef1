package attachment

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		name        string
		attachment  drivers.Attachment
		kind        string
		text, image bool   // what it is
		wrong       string // with it as a picture
	}{
		{"text by value", drivers.Attachment{Data: []byte("hello"), Filename: "a.txt"}, "text/plain", true, false, "pictures may be"},
		{"text by path", drivers.Attachment{Path: write("b.txt", []byte("hello"))}, "text/plain", true, false, "pictures may be"},
		{"picture that says it is text", drivers.Attachment{Data: picture.Bytes(), Mime: "text/plain"}, "image/png", false, true, ""},
		{"broken picture", drivers.Attachment{Data: picture.Bytes()[:20]}, "image/png", false, true, "broken"},
		{"drawing", drivers.Attachment{Data: []byte("<svg/>"), Mime: "image/svg+xml"}, "image/svg+xml", true, true, "pictures may be"},
		{"bytes", drivers.Attachment{Data: []byte{0, 1, 2}, Mime: "application/x-thing"}, "application/x-thing", false, false, "pictures may be"},
		{"too long a file", drivers.Attachment{Path: write("long", make([]byte, 2000))}, "text/plain", false, false, "pictures may be"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Read(&tt.attachment, 1000)
			if err != nil {
				t.Fatal(err)
			}
			if f.Kind != tt.kind || f.IsText() != tt.text || f.IsImage() != tt.image {
				t.Errorf("it is %+v, text %v, image %v", f, f.IsText(), f.IsImage())
			}
			if err := f.CheckImage(); (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("as a picture: %v", err)
			}
		})
	}
	for name, a := range map[string]drivers.Attachment{
		"too long by value": {Data: make([]byte, 2000), Filename: "x"},
		"not there":         {Path: filepath.Join(dir, "nothing")},
	} {
		if _, err := Read(&a, 1000); universal.KindOf(err) != universal.KindInvalidRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	pdf := File{Kind: "application/pdf", Data: []byte("%PDF-1.4")}
	if err := pdf.CheckPDF(); err != nil || !pdf.IsPDF() {
		t.Errorf("a PDF is none: %v", err)
	}
	if f, err := Read(&drivers.Attachment{Data: []byte("hello"), Mime: "application/pdf"}, 1000); err != nil || !f.IsPDF() || f.CheckPDF() == nil {
		t.Errorf("what says that it is a PDF is %+v (%v)", f, err)
	}
	if got, want := (&File{Kind: "text/plain", Data: []byte("hi")}).DataURL(), "data:text/plain;base64,aGk="; got != want {
		t.Errorf("the URL is %s, want %s", got, want)
	}
	for kind, want := range map[string]bool{"image/png": true, "image/webp": true, "image/svg+xml": false, "text/plain": false} {
		if f := (File{Kind: kind}); f.IsPicture() != want {
			t.Errorf("%s is a picture: %v", kind, !want)
		}
	}
	if f, err := Read(&drivers.Attachment{Path: dir}, 1000); err != nil || f.Data != nil {
		t.Errorf("a directory is %+v (%v)", f, err)
	}
}
