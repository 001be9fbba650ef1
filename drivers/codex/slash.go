package codex

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// The app-server has no slash commands: what Codex's own terminal does for one
// is a method here. Those that make a turn are offered, and the skills, which
// the model knows as "$name".

// native is a slash command that is a method of Codex's.
type native struct {
	method string
	params func(thread string) any
}

type reviewParams struct {
	ThreadID string       `json:"threadId"`
	Target   reviewTarget `json:"target"`
}

type reviewTarget struct {
	Type         string `json:"type"` // "uncommittedChanges" or "custom"
	Instructions string `json:"instructions,omitempty"`
}

// nativeCommand finds the command that a message is.
func nativeCommand(msg drivers.Message) (native, bool) {
	name, rest, ok := slashCommand(msg.Text)
	if !ok || len(msg.Attachments) > 0 {
		return native{}, false
	}
	switch {
	case name == "compact" && rest == "":
		return native{"thread/compact/start", func(thread string) any { return threadParams{thread} }}, true
	case name == "review" && rest == "":
		return native{"review/start", func(thread string) any { return reviewParams{thread, reviewTarget{Type: "uncommittedChanges"}} }}, true
	case name == "review":
		return native{"review/start", func(thread string) any {
			return reviewParams{thread, reviewTarget{Type: "custom", Instructions: rest}}
		}}, true
	}
	return native{}, false
}

// slashCommand takes "/name rest" apart.
func slashCommand(text string) (name, rest string, ok bool) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "/") {
		return "", "", false
	}
	name, rest = text[1:], ""
	if at := strings.IndexAny(name, " \t\n"); at >= 0 {
		name, rest = name[:at], strings.TrimSpace(name[at:])
	}
	return name, rest, name != "" && !strings.Contains(name, "/")
}

// skill is one that a message can begin with.
type skill struct{ name, description string }

// skillCommand finds the skill that a message begins with.
func (s *session) skillCommand(text string) (name, rest string, ok bool) {
	name, rest, ok = slashCommand(text)
	return name, rest, ok && slices.ContainsFunc(s.skills, func(sk skill) bool { return sk.name == name })
}

type skillsListParams struct {
	Cwds []string `json:"cwds,omitempty"`
}

// readSkills lists the skills of the user, the project and the session.
func (s *session) readSkills(ctx context.Context, cfg *drivers.Config, own map[string]string) error {
	params := skillsListParams{}
	if cfg.Directory != "" {
		params.Cwds = []string{cfg.Directory}
	}
	result, err := s.srv.call(ctx, "skills/list", params, nil)
	if err != nil {
		return err
	}
	var list struct {
		Data []struct {
			Skills []struct {
				Name        string `json:"name"`
				Description string `json:"description"`
				Short       string `json:"shortDescription"`
				Enabled     bool   `json:"enabled"`
			} `json:"skills"`
		} `json:"data"`
	}
	if err := json.Unmarshal(result, &list); err != nil {
		return err
	}
	for _, name := range sortedKeys(own) {
		s.skills = append(s.skills, skill{name, "A skill of this session"})
	}
	for _, cwd := range list.Data {
		for _, sk := range cwd.Skills {
			if _, taken := own[sk.Name]; sk.Enabled && !taken {
				s.skills = append(s.skills, skill{sk.Name, cmp.Or(sk.Short, sk.Description)})
			}
		}
	}
	return nil
}

// commands lists what a message can begin with.
func commands(skills []skill) []universal.Command {
	list := []universal.Command{
		{Name: "compact", Description: "Make the conversation shorter"},
		{Name: "review", Description: "Review the uncommitted changes, or what is said behind it"},
	}
	for _, sk := range skills {
		list = append(list, universal.Command{Name: sk.name, Description: oneline.Text(sk.description)})
	}
	return list
}

// tellOpened tells what is known of the session when it is ready.
func (c *converter) tellOpened(dst []universal.Event, skills []skill) []universal.Event {
	d := &universal.SessionUpdatedData{Commands: commands(skills)}
	if c.model != c.settings.Model {
		d.Model = c.model
	}
	if c.effort != c.settings.Variant {
		d.Variant = c.effort
	}
	return append(dst, own(universal.TypeSessionUpdated, d))
}
