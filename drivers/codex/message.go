package codex

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/attachment"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// userInput is a piece of a message. Codex ignores files other than pictures
// (its kind "mention" is for show only), so these go into the text.
type userInput struct {
	Type string `json:"type"` // "text" or "image"
	Text string `json:"text,omitempty"`
	URL  string `json:"url,omitempty"` // of an image: its data
}

func textInput(text string) userInput { return userInput{Type: "text", Text: text} }

// Bounds of messages. Codex takes a text of 1 048 576 characters and makes large
// pictures smaller itself.
const (
	maxText     = 1_000_000 // characters of a message
	maxFile     = 20 << 20  // bytes of an attachment
	maxAttached = 64 << 10  // bytes of a file whose content goes into the text
)

// input makes the pieces of a message. What the agent can't take is an error
// here, before anything is sent.
func (s *session) input(msg drivers.Message) ([]userInput, error) {
	if strings.TrimSpace(msg.Text) == "" && len(msg.Attachments) == 0 {
		return nil, universal.InvalidRequest("the message is empty; give a text or an attachment")
	}
	text := msg.Text
	var input []userInput
	if name, rest, ok := s.skillCommand(text); ok {
		text = strings.TrimSpace("$" + name + " " + rest)
	}
	var images []userInput
	for _, a := range msg.Attachments {
		f, err := attachment.Read(&a, maxFile)
		if err != nil {
			return nil, err
		}
		if f.IsImage() && f.Data != nil {
			if wrong := f.CheckImage(); wrong == nil {
				images = append(images, userInput{Type: "image", URL: f.DataURL()})
				continue
			} else if f.Path == "" && !f.IsText() {
				return nil, attachment.Unusable(f.Name, wrong.Error())
			}
		}
		mention, err := s.mention(&f)
		if err != nil {
			return nil, err
		}
		text = strings.TrimSpace(text + "\n\n" + mention)
	}
	if n := len([]rune(text)); n > maxText {
		return nil, universal.InvalidRequest("the message has %d characters; up to %d can be sent, and more as a file", n, maxText).With("reason", "message_too_long")
	}
	if text != "" {
		input = append(input, textInput(text))
	}
	return append(input, images...), nil
}

// mention says in the text where a file is, or what is in it: one that was sent
// by value and isn't a short text is put into the session's private directory,
// where the agent can look at it.
func (s *session) mention(f *attachment.File) (string, error) {
	switch {
	case f.Path != "":
		return "Attached file: " + f.Path, nil
	case f.IsText() && len(f.Data) <= maxAttached:
		return fmt.Sprintf("<attachment name=%q>\n%s\n</attachment>", f.Name, strings.TrimSuffix(string(f.Data), "\n")), nil
	case len(f.Data) == 0:
		return "", attachment.Unusable(f.Name, "it is empty")
	}
	path, err := s.store(f)
	if err != nil {
		return "", fmt.Errorf("store attachment %q: %w", f.Name, err)
	}
	return "Attached file: " + path, nil
}

// store writes a file into the session's private directory.
func (s *session) store(f *attachment.File) (path string, err error) {
	dir, err := s.newScratch()
	if err != nil {
		return "", err
	}
	dir, err = os.MkdirTemp(dir, "attachment-")
	if err != nil {
		return "", err
	}
	name := filepath.Base(filepath.Clean("/" + f.Name))
	if !filepath.IsLocal(name) || name == "." {
		name = "file"
	}
	path = filepath.Join(dir, name)
	return path, os.WriteFile(path, f.Data, 0o600)
}
