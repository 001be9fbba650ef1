package claude

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/attachment"
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
	f, err := attachment.Read(a, maxDocument)
	switch {
	case err != nil:
		return nil, err
	case f.Path != "" && f.Data == nil: // too large, or a directory
		return nil, nil
	case f.IsPicture():
		return imageBlock(&f)
	case f.IsPDF():
		if err := f.CheckPDF(); err != nil {
			return nil, attachment.Unusable(f.Name, err.Error())
		}
		return &promptBlock{Type: "document", Title: f.Name, Source: encoded(&f)}, nil
	case f.IsText() && len(f.Data) <= maxText: // SVG too
		return &promptBlock{Type: "document", Title: f.Name, Source: &promptSource{
			Type: "text", MediaType: "text/plain", Data: string(f.Data),
		}}, nil
	case f.IsImage():
		return onlyPath(&f, "the agent takes PNG, JPEG, GIF and WebP")
	case f.IsText() || len(f.Data) == 0:
		return onlyPath(&f, fmt.Sprintf("it has %d bytes; texts may have 1 to %d", len(f.Data), maxText))
	}
	return onlyPath(&f, "the agent takes images, PDF and text")
}

// onlyPath lets the agent look itself, which it can do only where there is a
// file.
func onlyPath(f *attachment.File, why string) (*promptBlock, error) {
	if f.Path != "" {
		return nil, nil
	}
	return nil, attachment.Unusable(f.Name, why+"; give a path instead")
}

func imageBlock(f *attachment.File) (*promptBlock, error) {
	if err := f.CheckImage(); err != nil {
		return nil, attachment.Unusable(f.Name, err.Error())
	}
	if len(f.Data) > maxImage {
		return onlyPath(f, fmt.Sprintf("it has %d bytes; images may have up to %d", len(f.Data), maxImage))
	}
	return &promptBlock{Type: "image", Source: encoded(f)}, nil
}

func encoded(f *attachment.File) *promptSource {
	return &promptSource{Type: "base64", MediaType: f.Kind, Data: base64.StdEncoding.EncodeToString(f.Data)}
}
