package claude

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

// userMessage is a line with what a person says.
type userMessage struct {
	Type      string      `json:"type"`
	Message   userContent `json:"message"`
	Parent    *string     `json:"parent_tool_use_id"`
	SessionID string      `json:"session_id"`
	UUID      string      `json:"uuid"`
}

type userContent struct {
	Role    string `json:"role"`
	Content any    `json:"content"` // a string, or content blocks
}

type promptBlock struct {
	Type   string        `json:"type"` // "text", "image" or "document"
	Text   string        `json:"text,omitempty"`
	Title  string        `json:"title,omitempty"`
	Source *promptSource `json:"source,omitempty"`
}

type promptSource struct {
	Type      string `json:"type"` // "base64" or "text"
	MediaType string `json:"media_type"`
	Data      string `json:"data"`
}

// Bounds of attachments, in bytes. Those of images and documents are the
// model API's; a longer text is better read by the agent, piece by piece.
const (
	maxImage    = 5 << 20
	maxDocument = 20 << 20
	maxText     = 512 << 10
	maxTotal    = 24 << 20 // of all, base64 included
)

// messageContent makes the content of a line. What the agent can't take is an
// error here, before anything is sent: a file that the model's API refuses would
// poison every later turn.
func messageContent(msg drivers.Message) (any, error) {
	if strings.TrimSpace(msg.Text) == "" && len(msg.Attachments) == 0 {
		return nil, universal.InvalidRequest("the message is empty; give a text or an attachment")
	}
	if len(msg.Attachments) == 0 {
		return msg.Text, nil
	}
	text := msg.Text
	var blocks []promptBlock
	total := 0
	for _, a := range msg.Attachments {
		block, err := attachmentBlock(&a)
		if err != nil {
			return nil, err
		}
		if block == nil {
			// The agent can look at it with its own tools.
			text = strings.TrimSpace(text + "\n\nAttached file: " + a.Path)
			continue
		}
		if block.Source != nil {
			total += len(block.Source.Data)
		}
		if total > maxTotal {
			return nil, universal.InvalidRequest("the attachments have more than %d bytes together; give paths or fewer", maxTotal).With("reason", "attachments_too_large")
		}
		blocks = append(blocks, *block)
	}
	if text != "" {
		blocks = append([]promptBlock{{Type: "text", Text: text}}, blocks...)
	}
	return blocks, nil
}

// attachmentBlock makes a block of an attachment; nil if only its path can be
// told.
func attachmentBlock(a *drivers.Attachment) (*promptBlock, error) {
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
	if len(data) > maxDocument {
		return nil, unusable(name, fmt.Sprintf("it has %d bytes; up to %d can be sent", len(data), maxDocument))
	}
	kind := mediaType(a.Mime, name, data)
	switch {
	case strings.HasPrefix(kind, "image/"):
		return imageBlock(a, name, kind, data)
	case kind == "application/pdf":
		if !bytes.HasPrefix(data, []byte("%PDF-")) {
			return nil, unusable(name, "it is no PDF")
		}
		return &promptBlock{Type: "document", Title: name, Source: &promptSource{
			Type: "base64", MediaType: kind, Data: base64.StdEncoding.EncodeToString(data),
		}}, nil
	case utf8.Valid(data) && !bytes.ContainsRune(data, 0):
		if len(data) > maxText || len(data) == 0 {
			return onlyPath(a, name, fmt.Sprintf("it has %d bytes; texts may have 1 to %d", len(data), maxText))
		}
		return &promptBlock{Type: "document", Title: name, Source: &promptSource{
			Type: "text", MediaType: "text/plain", Data: string(data),
		}}, nil
	}
	return onlyPath(a, name, "the agent takes images, PDF and text")
}

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
	data, err = io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err != nil {
		return nil, false, err
	}
	return data, len(data) <= maxDocument, nil
}

// mediaType is what an attachment is: what it looks like for the types where a
// wrong one does harm, else what is said of it.
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

func imageBlock(a *drivers.Attachment, name, kind string, data []byte) (*promptBlock, error) {
	switch kind {
	case "image/png", "image/jpeg", "image/gif":
		if _, _, err := image.DecodeConfig(bytes.NewReader(data)); err != nil {
			return nil, unusable(name, "the picture is broken: "+err.Error())
		}
	case "image/webp":
		if len(data) < 16 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WEBP" {
			return nil, unusable(name, "the picture is broken")
		}
	default:
		if utf8.Valid(data) && len(data) <= maxText && len(data) > 0 { // such as SVG
			return &promptBlock{Type: "document", Title: name, Source: &promptSource{
				Type: "text", MediaType: "text/plain", Data: string(data),
			}}, nil
		}
		return onlyPath(a, name, "the agent takes PNG, JPEG, GIF and WebP")
	}
	if len(data) > maxImage {
		return onlyPath(a, name, fmt.Sprintf("it has %d bytes; images may have up to %d", len(data), maxImage))
	}
	return &promptBlock{Type: "image", Source: &promptSource{
		Type: "base64", MediaType: kind, Data: base64.StdEncoding.EncodeToString(data),
	}}, nil
}
