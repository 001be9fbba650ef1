package amp

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/attachment"
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
	f, err := attachment.Read(a, maxAttached)
	switch {
	case err != nil:
		return nil, err
	case f.IsImage() && !f.IsText():
		return g.imageBlock(&f)
	case f.IsText() && len(f.Data) <= maxText:
		return &promptBlock{Type: "text", Text: fmt.Sprintf("<attachment name=%q>\n%s\n</attachment>", f.Name, f.Data)}, nil
	case f.IsText():
		return onlyPath(&f, fmt.Sprintf("it has %d bytes; texts may have up to %d", len(f.Data), maxText))
	}
	return onlyPath(&f, "Amp takes images and text")
}

// onlyPath lets the agent look itself, which it can do only where there is a
// file.
func onlyPath(f *attachment.File, why string) (*promptBlock, error) {
	if f.Path != "" {
		return nil, nil
	}
	return nil, attachment.Unusable(f.Name, why+"; give a path instead")
}

func (g generation) imageBlock(f *attachment.File) (*promptBlock, error) {
	if err := f.CheckImage(); err != nil {
		return nil, attachment.Unusable(f.Name, err.Error())
	}
	// WebP has no decoder here; the CLI looks at these itself.
	config, _, err := image.DecodeConfig(bytes.NewReader(f.Data))
	if err == nil && max(config.Width, config.Height) > maxSide {
		return nil, attachment.Unusable(f.Name, fmt.Sprintf("the picture has %d × %d pixels; a side may have up to %d", config.Width, config.Height, maxSide))
	}
	encoded := base64.StdEncoding.EncodeToString(f.Data)
	switch {
	case g == january:
		return onlyPath(f, "this version of Amp takes pictures by their path only")
	case len(f.Data) > maxImage:
		return onlyPath(f, fmt.Sprintf("it has %d bytes; images may have up to %d", len(f.Data), maxImage))
	case g == native && len(encoded) > maxLine-maxText:
		return onlyPath(f, fmt.Sprintf("it has %d bytes; a whole message may have %d as text", len(f.Data), maxLine))
	}
	return &promptBlock{Type: "image", Path: f.Path, Source: &promptSource{Type: "base64", MediaType: f.Kind, Data: encoded}}, nil
}
