package claude

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func onePixelPNG(t *testing.T) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestMessageContent(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	picture := onePixelPNG(t)
	binary := []byte{0, 1, 2, 3}
	long := bytes.Repeat([]byte("long text\n"), maxText/10+1)
	tests := []struct {
		name string
		msg  drivers.Message
		want string // JSON, with the data of sources cut to 4 characters
		err  string
	}{
		{name: "text", msg: drivers.Message{Text: "hi"}, want: `"hi"`},
		{name: "empty", msg: drivers.Message{Text: " \n"}, err: "the message is empty"},
		{
			name: "picture by value, with the wrong type said",
			msg:  drivers.Message{Text: "look", Attachments: []drivers.Attachment{{Data: picture, Mime: "image/jpeg", Filename: "a.jpg"}}},
			want: `[{"type":"text","text":"look"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]`,
		},
		{
			name: "picture by path, without a text",
			msg:  drivers.Message{Attachments: []drivers.Attachment{{Path: file("a.png", picture)}}},
			want: `[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]`,
		},
		{
			name: "broken picture",
			msg:  drivers.Message{Attachments: []drivers.Attachment{{Data: picture[:20], Filename: "a.png"}}},
			err:  `attachment "a.png" can't be used: the picture is broken`,
		},
		{
			name: "no picture at all",
			msg:  drivers.Message{Attachments: []drivers.Attachment{{Data: binary, Mime: "image/png", Filename: "a.png"}}},
			err:  `attachment "a.png" can't be used: the picture is broken`,
		},
		{
			name: "text file",
			msg:  drivers.Message{Text: "read", Attachments: []drivers.Attachment{{Path: file("n.md", []byte("# notes\n"))}}},
			want: `[{"type":"text","text":"read"},{"type":"document","title":"n.md","source":{"type":"text","media_type":"text/plain","data":"# no"}}]`,
		},
		{
			name: "pdf",
			msg:  drivers.Message{Attachments: []drivers.Attachment{{Data: []byte("%PDF-1.4\n..."), Mime: "application/pdf", Filename: "a.pdf"}}},
			want: `[{"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}}]`,
		},
		{
			name: "pdf that is none",
			msg:  drivers.Message{Attachments: []drivers.Attachment{{Data: []byte("hello"), Mime: "application/pdf", Filename: "a.pdf"}}},
			err:  "it is no PDF",
		},
		{
			name: "binary file by path",
			msg:  drivers.Message{Text: "look", Attachments: []drivers.Attachment{{Path: file("b.bin", binary)}}},
			want: `[{"type":"text","text":"look\n\nAttached file: ` + filepath.ToSlash(dir) + `/b.bin"}]`,
		},
		{
			name: "binary by value",
			msg:  drivers.Message{Text: "look", Attachments: []drivers.Attachment{{Data: binary, Filename: "b.bin"}}},
			err:  "give a path instead",
		},
		{
			name: "long text by path",
			msg:  drivers.Message{Text: "look", Attachments: []drivers.Attachment{{Path: file("long.txt", long)}}},
			want: `[{"type":"text","text":"look\n\nAttached file: ` + filepath.ToSlash(dir) + `/long.txt"}]`,
		},
		{
			name: "directory",
			msg:  drivers.Message{Text: "look", Attachments: []drivers.Attachment{{Path: dir}}},
			want: `[{"type":"text","text":"look\n\nAttached file: ` + filepath.ToSlash(dir) + `"}]`,
		},
		{
			name: "missing file",
			msg:  drivers.Message{Text: "look", Attachments: []drivers.Attachment{{Path: filepath.Join(dir, "none")}}},
			err:  "can't be read",
		},
		{
			name: "svg",
			msg:  drivers.Message{Attachments: []drivers.Attachment{{Data: []byte("<svg/>"), Mime: "image/svg+xml", Filename: "a.svg"}}},
			want: `[{"type":"document","title":"a.svg","source":{"type":"text","media_type":"text/plain","data":"<svg"}}]`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			content, err := messageContent(tt.msg)
			if tt.err != "" {
				if universal.KindOf(err) != universal.KindInvalidRequest || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want invalid_request with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if blocks, ok := content.([]promptBlock); ok {
				for _, b := range blocks {
					if b.Source != nil {
						b.Source.Data = b.Source.Data[:4]
					}
				}
			}
			got, err := json.Marshal(content)
			if err != nil {
				t.Fatal(err)
			}
			var want any
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			var have any
			if err := json.Unmarshal(got, &have); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("content (-want +got):\n%s", diff)
			}
		})
	}
}
