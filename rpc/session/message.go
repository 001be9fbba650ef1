package session

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// BusyPolicy says what becomes of a message that comes while a turn runs.
type BusyPolicy string

const (
	BusyQueue     BusyPolicy = "queue"     // it runs as the next turn, in order
	BusyReject    BusyPolicy = "reject"    // it is refused as session_busy
	BusyInterrupt BusyPolicy = "interrupt" // the running turn is interrupted first
	BusySteer     BusyPolicy = "steer"     // it joins the running turn
)

// Attachment is a file that comes with a message: Path on the bridge's
// machine, or Data (base64 in JSON) with a Mime type and a Filename.
type Attachment struct {
	Path     string `json:"path,omitempty"`
	Data     []byte `json:"data,omitempty"`
	Mime     string `json:"mime,omitempty"`
	Filename string `json:"filename,omitempty"`
}

// MessageOptions is what a client sends to the agent.
type MessageOptions struct {
	Message     string       `json:"message"`
	Attachments []Attachment `json:"attachments,omitempty"`
	OnBusy      BusyPolicy   `json:"onBusy,omitempty"` // queue unless it says otherwise
	// ClientMessageID makes the send idempotent: a second one with the same
	// id is answered like the first and does nothing.
	ClientMessageID string `json:"clientMessageId,omitempty"`
}

// message validates the options; relative paths are resolved in dir.
func (o *MessageOptions) message(dir string) (drivers.Message, error) {
	msg := drivers.Message{Text: o.Message}
	switch o.OnBusy {
	case "", BusyQueue, BusyReject, BusyInterrupt, BusySteer:
	default:
		return msg, universal.InvalidRequest("onBusy is %q; choose queue, reject, interrupt or steer", o.OnBusy)
	}
	if strings.TrimSpace(o.Message) == "" && len(o.Attachments) == 0 {
		return msg, universal.InvalidRequest("message is empty")
	}
	if !utf8.ValidString(o.Message) {
		return msg, universal.InvalidRequest("message is not valid UTF-8")
	}
	if len(o.ClientMessageID) > maxIDBytes {
		return msg, universal.InvalidRequest("clientMessageId is longer than %d bytes", maxIDBytes)
	}
	if len(o.Attachments) > maxAttachments {
		return msg, universal.InvalidRequest("there are more than %d attachments", maxAttachments)
	}
	for i, a := range o.Attachments {
		attached, err := a.resolve(dir)
		if err != nil {
			return msg, universal.InvalidRequest("attachment %d: %v", i+1, err)
		}
		msg.Attachments = append(msg.Attachments, attached)
	}
	return msg, nil
}

func (a Attachment) resolve(dir string) (drivers.Attachment, error) {
	out := drivers.Attachment{Data: a.Data, Mime: a.Mime, Filename: a.Filename}
	if a.Path == "" {
		switch {
		case len(a.Data) == 0:
			return out, fmt.Errorf("neither path nor data is given")
		case a.Mime == "" || a.Filename == "":
			return out, fmt.Errorf("data needs a mime type and a filename")
		case len(a.Data) > maxAttachedBytes:
			return out, fmt.Errorf("data is larger than %d bytes", maxAttachedBytes)
		}
		return out, nil
	}
	if len(a.Data) > 0 {
		return out, fmt.Errorf("both path and data are given; give one")
	}
	out.Path = a.Path
	if !filepath.IsAbs(out.Path) {
		out.Path = filepath.Join(dir, out.Path)
	}
	switch st, err := os.Stat(out.Path); {
	case err != nil:
		return out, fmt.Errorf("file %s cannot be read: %s", out.Path, errText(err))
	case !st.Mode().IsRegular(): // reading a pipe could wait for ever
		return out, fmt.Errorf("%s is not a regular file", out.Path)
	}
	if out.Filename == "" {
		out.Filename = filepath.Base(out.Path)
	}
	return out, nil
}

// userContent is how a message is shown in the stream.
func userContent(msg *drivers.Message) universal.Content {
	var content universal.Content
	if msg.Text != "" {
		content = append(content, &universal.TextPart{Text: msg.Text})
	}
	for _, a := range msg.Attachments {
		switch {
		case strings.HasPrefix(a.Mime, "image/") && a.Path == "":
			content = append(content, &universal.ImagePart{Mime: universal.NullString(a.Mime), Data: encodeBase64(a.Data)})
		case strings.HasPrefix(a.Mime, "image/"):
			content = append(content, &universal.ImagePart{Mime: universal.NullString(a.Mime), Path: universal.NullString(a.Path)})
		case a.Path != "":
			content = append(content, &universal.FileRefPart{Path: a.Path, Action: universal.FileRead})
		default:
			content = append(content, &universal.FileRefPart{Path: a.Filename, Action: universal.FileRead})
		}
	}
	return content
}
