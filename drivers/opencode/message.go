package opencode

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/attachment"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// prompt is the body of a request that begins a turn.
type prompt struct {
	Agent   string       `json:"agent,omitempty"`
	Model   *modelRef    `json:"model,omitempty"`
	Variant string       `json:"variant,omitempty"`
	System  string       `json:"system,omitempty"`
	Parts   []promptPart `json:"parts"`
}

type modelRef struct {
	ProviderID string `json:"providerID"`
	ModelID    string `json:"modelID"`
}

type promptPart struct {
	Type     string `json:"type"` // "text" or "file"
	Text     string `json:"text,omitempty"`
	Mime     string `json:"mime,omitempty"`
	Filename string `json:"filename,omitempty"`
	URL      string `json:"url,omitempty"`
}

// commandPrompt is the body of a slash command.
type commandPrompt struct {
	Command   string       `json:"command"`
	Arguments string       `json:"arguments"`
	Agent     string       `json:"agent,omitempty"`
	Model     string       `json:"model,omitempty"`
	Variant   string       `json:"variant,omitempty"`
	Parts     []promptPart `json:"parts,omitempty"`
}

// Bounds of attachments, in bytes. A longer text is better read by the agent,
// piece by piece.
const (
	maxImage    = 5 << 20
	maxDocument = 20 << 20
	maxText     = 512 << 10
)

// splitModel takes PROVIDER/MODEL apart; nil for no model.
func splitModel(id string) *modelRef {
	provider, model, ok := strings.Cut(id, "/")
	if !ok {
		return nil
	}
	return &modelRef{provider, model}
}

// Send implements drivers.Session.
func (s *session) Send(ctx context.Context, msg drivers.Message) error {
	if strings.TrimSpace(msg.Text) == "" && len(msg.Attachments) == 0 {
		return universal.InvalidRequest("the message is empty; give a text or an attachment")
	}
	s.mu.Lock()
	settings := s.settings
	s.mu.Unlock()
	parts, err := s.promptParts(msg, settings.Model)
	if err != nil {
		return err
	}
	request, what := s.request(msg, settings, parts)
	c := &call{of: s, purpose: purpose{kind: what}}
	if what == purposePrompt {
		c.answer = make(chan answered, 1)
	}
	checkpoint := s.srv.transport.Checkpoint()
	number := 0
	note := func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.ended {
			return s.srv.goneError(errUnread)
		}
		if !s.conv.turn.active {
			if msg.Steer {
				return universal.InvalidRequest("no turn runs that the message could join; send it as a message of its own").With("reason", "no_turn")
			}
			s.checkpoint = checkpoint
		}
		number = s.conv.begin()
		return nil
	}
	if what == purposePrompt {
		_, err = s.srv.askAs(ctx, request, c, note)
	} else {
		err = s.srv.send(ctx, request, c, note)
	}
	if err == nil {
		return nil
	}
	if !msg.Steer {
		s.mu.Lock()
		s.conv.forget(number)
		s.mu.Unlock()
	}
	var no *refusal
	if errors.As(err, &no) && no.status >= 400 && no.status < 500 {
		return universal.InvalidRequest("the agent refused the message: %s", no.text).Because(err)
	}
	return fmt.Errorf("send message: %w", err)
}

// request says how a message is sent: as a prompt, as a slash command that the
// agent knows, or as the wish to compact.
func (s *session) request(msg drivers.Message, settings drivers.Settings, parts []promptPart) (wireRequest, purposeKind) {
	if name, arguments, ok := s.command(msg); ok {
		if name == compactCommand {
			model := splitModel(cmp.Or(settings.Model, s.place.chosen))
			return wireRequest{Method: "POST", Path: s.path("/summarize"), Query: s.query(), Body: model}, purposeRun
		}
		files := slices.DeleteFunc(slices.Clone(parts), func(p promptPart) bool { return p.Type != "file" })
		return wireRequest{Method: "POST", Path: s.path("/command"), Query: s.query(), Body: commandPrompt{
			Command: name, Arguments: arguments, Agent: settings.AgentMode, Model: settings.Model, Variant: settings.Variant, Parts: files,
		}}, purposeRun
	}
	return wireRequest{Method: "POST", Path: s.path("/prompt_async"), Query: s.query(), Body: prompt{
		Agent: settings.AgentMode, Model: splitModel(settings.Model), Variant: settings.Variant, System: s.system, Parts: parts,
	}}, purposePrompt
}

// command takes a slash command apart that the agent has. What it doesn't have
// is a text like any other.
func (s *session) command(msg drivers.Message) (name, arguments string, ok bool) {
	text, ok := strings.CutPrefix(strings.TrimSpace(msg.Text), "/")
	if !ok || msg.Steer {
		return "", "", false
	}
	name, arguments, _ = strings.Cut(text, " ")
	if head, rest, cut := strings.Cut(name, "\n"); cut {
		name, arguments = head, strings.TrimSpace(rest+" "+arguments)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := slices.ContainsFunc(s.conv.commands, func(c universal.Command) bool { return c.Name == name })
	return name, strings.TrimSpace(arguments), known
}

// promptParts makes the parts of a message. What the model can't take goes to
// the agent as the path of a file, which it can look at with its own tools: one
// that is sent nevertheless would fail every later turn of the session too.
func (s *session) promptParts(msg drivers.Message, model string) ([]promptPart, error) {
	text := msg.Text
	var files []promptPart
	for i := range msg.Attachments {
		a := &msg.Attachments[i]
		part, err := attachmentPart(a, s.takes(model))
		if err != nil {
			return nil, err
		}
		if part == nil {
			path := a.Path
			if path == "" {
				if path, err = s.save(a); err != nil {
					return nil, fmt.Errorf("save attachment %q: %w", a.Filename, err)
				}
			}
			text = strings.TrimSpace(text + "\n\nAttached file: " + path)
			continue
		}
		files = append(files, *part)
	}
	if text != "" {
		files = append([]promptPart{{Type: "text", Text: text}}, files...)
	}
	return files, nil
}

// takes tells which kinds of input a model takes; all of them of one that is
// not known.
func (s *session) takes(model string) func(kind string) bool {
	m := s.place.model(cmp.Or(model, s.place.chosen))
	return func(kind string) bool { return m == nil || m.input == nil || m.input[kind] }
}

// save puts an attachment where the agent can read it without asking. It goes
// with the server.
func (s *session) save(a *drivers.Attachment) (string, error) {
	if s.files == "" {
		return "", errors.New("there is no place for it; give a path instead")
	}
	if err := os.MkdirAll(s.files, 0o700); err != nil {
		return "", err
	}
	s.mu.Lock()
	s.saved++
	name := fmt.Sprintf("%d-%s", s.saved, filepath.Base(filepath.Clean("/"+cmp.Or(a.Filename, "file"))))
	s.mu.Unlock()
	path := filepath.Join(s.files, name)
	return path, os.WriteFile(path, a.Data, 0o600)
}

// attachmentPart makes a part of an attachment; nil if only its path can be
// told.
func attachmentPart(a *drivers.Attachment, takes func(string) bool) (*promptPart, error) {
	// One that was sent by value can be saved, however large it is.
	f, err := attachment.Read(a, max(maxDocument, len(a.Data)))
	if err != nil {
		return nil, err
	}
	switch {
	case f.Path != "" && f.Data == nil: // too large, or a directory
		return nil, nil
	case f.IsPicture():
		if err := f.CheckImage(); err != nil {
			return nil, attachment.Unusable(f.Name, err.Error())
		}
		if !takes("image") || len(f.Data) > maxImage {
			return nil, nil
		}
	case f.IsPDF():
		if err := f.CheckPDF(); err != nil {
			return nil, attachment.Unusable(f.Name, err.Error())
		}
		if !takes("pdf") || len(f.Data) > maxDocument {
			return nil, nil
		}
	case f.IsText() && !f.IsImage() && len(f.Data) <= maxText:
		f.Kind = "text/plain"
	default:
		return nil, nil
	}
	return &promptPart{Type: "file", Mime: f.Kind, Filename: f.Name, URL: f.DataURL()}, nil
}
