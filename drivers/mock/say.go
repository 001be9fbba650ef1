package mock

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// These commands say something.

func (t *turn) echo() {
	text := strings.Join(strings.Fields(t.rest), " ")
	if text == "" {
		text = "Say something after echo, such as: echo hello"
	}
	t.say("echo", text)
}

// markdown streams in pieces that cut through words and markup.
func (t *turn) markdown() {
	pieces := []string{
		"# Mock Mark",
		"down\n\nSome *emphasis*, some **str",
		"ong text** and `code`.\n\n- first\n- sec",
		"ond\n\n1. one\n2. two\n\n> A quo",
		"te.\n\n```go\nfunc main() {\n\tprintln(\"mo",
		"ck\")\n}\n```\n\n| Name | Va",
		"lue |\n| --- | --- |\n| mock | 1 |\n\n[A li",
		"nk](https://example.com)\n\n---\n",
	}
	it := t.message("markdown", &universal.TextPart{Text: strings.Join(pieces, "")})
	t.stream(it, universal.Content{&universal.TextPart{Text: "Writing Markdown..."}}, pieces...)
}

// rich is one message with every kind of thought.
func (t *turn) rich() {
	pieces := []string{"The answer is short: ", "it works."}
	it := t.message("assistant_rich",
		&universal.TextPart{Text: strings.Join(pieces, "")},
		&universal.ReasoningPart{Text: "The question is simple.", Visibility: universal.VisibilityPublic},
		&universal.ReasoningPart{Text: "Nothing needs to be looked up.", Visibility: universal.VisibilityPrivate},
		&universal.JSONPart{JSON: json.RawMessage(`{"stage":"analysis","ok":true}`)},
	)
	t.stream(it, it.Content, pieces...)
}

func (t *turn) reasoning() {
	thoughts := []string{"First I read the question. ", "Then I think ", "about it."}
	it := t.message("reasoning", &universal.ReasoningPart{Text: strings.Join(thoughts, ""), Visibility: universal.VisibilityPublic})
	t.stream(it, universal.Content{&universal.ReasoningPart{Visibility: universal.VisibilityPublic}}, thoughts...)
	t.say("answer", "I have thought about it.")
}

func (t *turn) status() {
	it := t.item("status", universal.KindStatus, universal.RoleAssistant, &universal.StatusPart{Label: "Indexing", Detail: "Done"})
	t.emit(started(it, &universal.StatusPart{Label: "Indexing", Detail: "2 files"}))
	t.emit(completed(it))
}

func (t *turn) image() {
	t.say("image", "Here is an image.", &universal.ImagePart{Path: universal.NullString(t.prefix + "/image.png"), Mime: "image/png"})
}

func (t *turn) unknown() {
	t.whole(t.item("unknown", universal.KindUnknown, universal.RoleAssistant, &universal.TextPart{Text: "Something of an unknown kind."}))
}

func (t *turn) system() {
	t.whole(t.item("system", universal.KindSystem, universal.RoleSystem, &universal.TextPart{Text: "A message of the system."}))
}

// attachments tells what of the message's attachments reached the agent.
func (t *turn) attachments() {
	var lines []string
	var images []universal.Part
	for _, a := range t.sent.Attachments {
		name := a.Filename
		if name == "" {
			name = a.Path
		}
		lines = append(lines, fmt.Sprintf("%s (%s, %d bytes given)", name, orNone(a.Mime), len(a.Data)))
		if strings.HasPrefix(a.Mime, "image/") && a.Path != "" {
			images = append(images, &universal.ImagePart{Path: universal.NullString(a.Path), Mime: universal.NullString(a.Mime)})
		}
	}
	if len(lines) == 0 {
		lines = []string{"This message has no attachments."}
	}
	t.say("attachments", strings.Join(lines, "\n"), images...)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// demo shows one of everything, each announced. It waits for nobody: what it
// asked is rejected at its end unless it was answered before.
func (t *turn) demo() {
	var asked []*request
	parts := []struct {
		name string
		tell func()
	}{
		{"a system message", t.system},
		{"a rich message", t.rich},
		{"a status", t.status},
		{"Markdown", t.markdown},
		{"a tool", t.tool},
		{"an image", t.image},
		{"an unknown item", t.unknown},
		{"permissions", func() { asked = append(asked, t.askPermissions()...) }},
		{"questions", func() { asked = append(asked, t.askQuestions()...) }},
		{"an error", t.error},
	}
	for i, part := range parts {
		t.say(fmt.Sprintf("marker_%d", i+1), fmt.Sprintf("Demo %d of %d: %s.", i+1, len(parts), part.name))
		part.tell()
	}
	t.withdraw(asked...)
}
