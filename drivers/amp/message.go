package amp

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	_ "image/gif" // the formats that the model takes
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

// userMessage is a line with what a person says. Its content has to be a list.
type userMessage struct {
	Type    string      `json:"type"`
	Message userContent `json:"message"`
	Steer   bool        `json:"steer,omitempty"` // native builds only
}

type userContent struct {
	Role    string        `json:"role"`
	Content []promptBlock `json:"content"`
}

type promptBlock struct {
	Type   string        `json:"type"` // "text" or "image"
	Text   string        `json:"text,omitempty"`
	Source *promptSource `json:"source,omitempty"`
	Path   string        `json:"source_path,omitempty"`
}

type promptSource struct {
	Type      string `json:"type"` // "base64"
	MediaType string `json:"media_type"`
	Data      string `json:"data"`
}

// Bounds of messages, in bytes where nothing else is said. Those of images are
// the CLI's own, which ends at once at one that it doesn't like; a longer text
// is better read by the agent, piece by piece.
const (
	maxImage    = 5_138_022
	maxSide     = 8000 // pixels
	maxImages   = 4
	maxText     = 256 << 10
	maxLine     = 1 << 20 // of a whole message of native builds, as JSON
	maxAttached = 20 << 20
)

// messageLine makes the line of a message, and tells whether the CLI will print
// it again: 1 if it has a text, else 0. What the agent can't take is an error
// here, before anything is sent.
func (g generation) messageLine(msg drivers.Message) (line []byte, texts int, err error) {
	if strings.TrimSpace(msg.Text) == "" && len(msg.Attachments) == 0 {
		return nil, 0, universal.InvalidRequest("the message is empty; give a text or an attachment")
	}
	text := msg.Text
	var blocks []promptBlock
	images := 0
	for i := range msg.Attachments {
		a := &msg.Attachments[i]
		block, err := g.attachmentBlock(a)
		if err != nil {
			return nil, 0, err
		}
		if block == nil {
			text = strings.TrimSpace(text + "\n\n" + g.mention(a.Path))
			continue
		}
		if block.Type == "image" {
			images++
		} else {
			texts = 1
		}
		blocks = append(blocks, *block)
	}
	if images > maxImages {
		return nil, 0, universal.InvalidRequest("there are %d images; Amp takes %d in a message", images, maxImages).With("reason", "attachments_too_large")
	}
	if text != "" {
		texts = 1
		blocks = append([]promptBlock{{Type: "text", Text: text}}, blocks...)
	}
	line, err = encodeLine(userMessage{Type: "user", Message: userContent{Role: "user", Content: blocks}, Steer: msg.Steer})
	if err != nil {
		return nil, 0, fmt.Errorf("send message: %w", err)
	}
	if g == native && len(line) > maxLine {
		return nil, 0, universal.InvalidRequest("the message has %d bytes with its attachments; Amp takes %d: give paths, or less", len(line), maxLine).
			With("reason", "attachments_too_large")
	}
	return line, texts, nil
}

// mention tells of a file that the agent can look at by itself. The JavaScript
// builds attach what is named by an @.
func (g generation) mention(path string) string {
	if g == january {
		return "Attached file: @" + path
	}
	return "Attached file: " + path
}

// attachmentBlock makes a block of an attachment; nil if only its path can be
// told.
func (g generation) attachmentBlock(a *drivers.Attachment) (*promptBlock, error) {
	name := a.Filename
	if name == "" && a.Path != "" {
		name = filepath.Base(a.Path)
	}
	data := a.Data
	if a.Path != "" && data == nil {
		var whole bool
		var err error
		if data, whole, err = readHead(a.Path); err != nil {
			return nil, universal.InvalidRequest("attachment %s can't be read: %v", a.Path, err).With("reason", "attachment_unreadable").Because(err)
		}
		if !whole {
			return nil, nil
		}
	}
	kind := mediaType(a.Mime, name, data)
	switch {
	case strings.HasPrefix(kind, "image/") && !isText(data):
		return g.imageBlock(a, name, kind, data)
	case isText(data):
		if len(data) > maxText || len(data) == 0 {
			return onlyPath(a, name, fmt.Sprintf("it has %d bytes; texts may have 1 to %d", len(data), maxText))
		}
		return &promptBlock{Type: "text", Text: fmt.Sprintf("<attachment name=%q>\n%s\n</attachment>", name, data)}, nil
	}
	return onlyPath(a, name, "Amp takes images and text")
}

func isText(data []byte) bool { return utf8.Valid(data) && !bytes.ContainsRune(data, 0) }

// onlyPath lets the agent look itself, which it can do only where there is a
// file.
func onlyPath(a *drivers.Attachment, name, why string) (*promptBlock, error) {
	if a.Path != "" {
		return nil, nil
	}
	return nil, unusable(name, why+"; give a path instead")
}

func unusable(name, why string) error {
	return universal.InvalidRequest("attachment %q can't be used: %s", name, why).With("reason", "attachment_unusable")
}

// readHead reads a file unless it is larger than anything that is sent.
func readHead(path string) (data []byte, whole bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, false, err
	case info.IsDir():
		return nil, false, nil
	case !info.Mode().IsRegular():
		return nil, false, fmt.Errorf("not a regular file")
	}
	data, err = io.ReadAll(io.LimitReader(f, maxAttached+1))
	if err != nil {
		return nil, false, err
	}
	return data, len(data) <= maxAttached, nil
}

// mediaType is what an attachment is: what it looks like for images, where a
// wrong type ends the turn, else what is said of it.
func mediaType(said, name string, data []byte) string {
	looks, _, _ := strings.Cut(http.DetectContentType(data), ";")
	if strings.HasPrefix(looks, "image/") {
		return looks
	}
	for _, s := range []string{said, mime.TypeByExtension(filepath.Ext(name))} {
		if kind, _, err := mime.ParseMediaType(s); err == nil && kind != "application/octet-stream" {
			return kind
		}
	}
	return looks
}

func (g generation) imageBlock(a *drivers.Attachment, name, kind string, data []byte) (*promptBlock, error) {
	switch kind {
	case "image/png", "image/jpeg", "image/gif":
		config, _, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			return nil, unusable(name, "the picture is broken: "+err.Error())
		}
		if config.Width > maxSide || config.Height > maxSide {
			return nil, unusable(name, fmt.Sprintf("the picture has %d × %d pixels; a side may have up to %d", config.Width, config.Height, maxSide))
		}
	case "image/webp":
		if len(data) < 16 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WEBP" {
			return nil, unusable(name, "the picture is broken")
		}
	default:
		return onlyPath(a, name, "Amp takes PNG, JPEG, GIF and WebP")
	}
	if g == january {
		return onlyPath(a, name, "this version of Amp takes pictures by their path only")
	}
	if len(data) > maxImage {
		return onlyPath(a, name, fmt.Sprintf("it has %d bytes; images may have up to %d", len(data), maxImage))
	}
	encoded := base64.StdEncoding.EncodeToString(data)
	if g == native && len(encoded) > maxLine-maxText {
		return onlyPath(a, name, fmt.Sprintf("it has %d bytes; a whole message may have %d as text", len(data), maxLine))
	}
	return &promptBlock{Type: "image", Path: a.Path, Source: &promptSource{Type: "base64", MediaType: kind, Data: encoded}}, nil
}
