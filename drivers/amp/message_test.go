package amp

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMessageLine(t *testing.T) {
	dir := t.TempDir()
	dot := picture(t, 1, 1)
	dotFile := writeFile(t, string(dot), dir, "dot.png")
	long := writeFile(t, strings.Repeat("x", maxText+1), dir, "long.txt")
	archive := writeFile(t, "PK\x03\x04\x00\xff", dir, "a.zip")
	attached := func(all ...drivers.Attachment) drivers.Message {
		return drivers.Message{Text: "look", Attachments: all}
	}
	for name, c := range map[string]struct {
		generation generation
		msg        drivers.Message
		has        []string
		texts      int
		reason     string // of the refusal
	}{
		"text":                     {native, drivers.Message{Text: "hi\nthere"}, []string{`[{"type":"text","text":"hi\nthere"}]`}, 1, ""},
		"picture":                  {native, attached(drivers.Attachment{Data: dot, Filename: "dot.png"}), []string{`"media_type":"image/png"`, `"text":"look"`}, 1, ""},
		"picture alone":            {may, drivers.Message{Attachments: []drivers.Attachment{{Data: dot, Filename: "dot"}}}, []string{`[{"type":"image"`}, 0, ""},
		"picture, by path":         {native, attached(drivers.Attachment{Path: dotFile}), []string{`"source_path":"` + dotFile}, 1, ""},
		"picture in January":       {january, attached(drivers.Attachment{Path: dotFile}), []string{"Attached file: @" + dotFile}, 1, ""},
		"value in January":         {january, attached(drivers.Attachment{Data: dot, Filename: "dot.png"}), nil, 0, "attachment_unusable"},
		"broken picture":           {native, attached(drivers.Attachment{Data: dot[:20], Filename: "dot.png"}), nil, 0, "attachment_unusable"},
		"picture that is too wide": {native, attached(drivers.Attachment{Data: picture(t, maxSide+1, 1), Filename: "wide.png"}), nil, 0, "attachment_unusable"},
		"too many pictures": {native, attached(
			drivers.Attachment{Data: dot}, drivers.Attachment{Data: dot}, drivers.Attachment{Data: dot}, drivers.Attachment{Data: dot}, drivers.Attachment{Data: dot},
		), nil, 0, "attachments_too_large"},
		"text file":                      {native, attached(drivers.Attachment{Data: []byte("notes"), Filename: "n.txt"}), []string{`<attachment name=\"n.txt\">\nnotes\n</attachment>`}, 1, ""},
		"long file":                      {native, attached(drivers.Attachment{Path: long}), []string{`look\n\nAttached file: ` + long}, 1, ""},
		"archive":                        {native, attached(drivers.Attachment{Path: archive}), []string{"Attached file: " + archive}, 1, ""},
		"archive, by value":              {native, attached(drivers.Attachment{Data: []byte("PK\x03\x04\x00\xff"), Filename: "a.zip"}), nil, 0, "attachment_unusable"},
		"missing file":                   {native, attached(drivers.Attachment{Path: dir + "/none"}), nil, 0, "attachment_unreadable"},
		"long message":                   {native, drivers.Message{Text: strings.Repeat("x", maxLine)}, nil, 0, "attachments_too_large"},
		"long message, before the limit": {may, drivers.Message{Text: strings.Repeat("x", maxLine)}, []string{"xxx"}, 1, ""},
		"empty":                          {native, drivers.Message{Text: " \n"}, nil, 0, "-"},
	} {
		t.Run(name, func(t *testing.T) {
			line, texts, err := c.generation.messageLine(c.msg)
			if c.reason != "" {
				var e *universal.Error
				if universal.KindOf(err) != universal.KindInvalidRequest {
					t.Fatalf("the error is %v", err)
				}
				if e = err.(*universal.Error); c.reason != "-" && e.Details["reason"] != c.reason {
					t.Errorf("the reason is %v, want %s", e.Details["reason"], c.reason)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if texts != c.texts || bytes.Count(line, []byte("\n")) != 1 {
				t.Errorf("%d texts in %d lines", texts, bytes.Count(line, []byte("\n")))
			}
			for _, part := range c.has {
				if !strings.Contains(string(line), part) {
					t.Errorf("the line lacks %s: %.600s", part, line)
				}
			}
		})
	}
}
