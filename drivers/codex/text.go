package codex

import (
	"encoding/json"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// textDelta is a piece of a message or of a proposed plan.
func (c *converter) textDelta(_ *thread, params []byte) error {
	var l deltaLine
	if err := l.decode(params); err != nil {
		return err
	}
	it := c.items[key(l.TurnID, l.ItemID)]
	if it == nil {
		return nil // of a turn that is over
	}
	c.textPiece(it, publicThought, l.Delta)
	return nil
}

// maxKeptText bounds what is kept of a text that streams, in bytes. Only one
// that the model gives up needs it.
const maxKeptText = 1 << 20

func (c *converter) textPiece(it *item, which int, text string) {
	if len(it.texts[which])+len(text) <= maxKeptText {
		it.texts[which] = append(it.texts[which], text...)
	}
	suffix := thoughtSuffix(which)
	c.emit(universal.TypeItemDelta, &universal.ItemDeltaData{
		ItemID: it.key + suffix, NativeItemID: universal.NullString(it.native), Delta: text,
	})
}

func (c *converter) messageStarted(it *item, _ json.RawMessage) error {
	c.emit(universal.TypeItemStarted, &universal.ItemData{
		Item: it.universal("", universal.KindMessage, universal.RoleAssistant, universal.StatusInProgress, &universal.TextPart{}),
	})
	return nil
}

// abandonTexts ends the texts that stream: what follows says all of it again.
func (c *converter) abandonTexts(th *thread) {
	for _, k := range sortedKeys(c.items) {
		it := c.items[k]
		if it.thread != th {
			continue
		}
		switch it.kind {
		case "agentMessage", "plan":
			c.abandon(it, publicThought, &universal.TextPart{Text: string(it.texts[publicThought])})
		case "reasoning":
			for which, begun := range it.started {
				if begun {
					c.abandon(it, which, thoughtPart(which, string(it.texts[which])))
				}
			}
		default:
			continue
		}
		delete(c.items, k)
	}
}

func (c *converter) abandon(it *item, which int, part universal.Part) {
	c.emit(universal.TypeItemCompleted, &universal.ItemData{
		Item: it.universal(thoughtSuffix(which), universal.KindMessage, universal.RoleAssistant, universal.StatusFailed, part),
	})
}

func (c *converter) completeText(it *item, text string) {
	c.emit(universal.TypeItemCompleted, &universal.ItemData{
		Item: it.universal("", universal.KindMessage, universal.RoleAssistant, universal.StatusCompleted, &universal.TextPart{Text: text}),
	})
}

// messageCompleted ends a message. One that asks without waiting has its
// questions in it, as text too.
func (c *converter) messageCompleted(it *item, raw json.RawMessage) error {
	var l struct {
		Text      string          `json:"text"`
		Questions []asyncQuestion `json:"questions"`
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.completeText(it, l.Text)
	it.thread.said = l.Text
	if len(l.Questions) > 0 {
		c.asyncQuestions(it, l.Questions)
	}
	return nil
}

// Thoughts are of two kinds, each with an item of its own: summaries are meant
// to be shown; the thoughts themselves, which only open models tell, are not.
const (
	publicThought  = 0
	privateThought = 1
)

func thoughtSuffix(which int) string { return [...]string{"", ":private"}[which] }

func thoughtPart(which int, text string) *universal.ReasoningPart {
	visibility := universal.VisibilityPublic
	if which == privateThought {
		visibility = universal.VisibilityPrivate
	}
	return &universal.ReasoningPart{Text: text, Visibility: visibility}
}

// partBreak stands between the parts of a reasoning text.
const partBreak = "\n\n"

func (c *converter) summaryDelta(_ *thread, params []byte) error {
	return c.reasoningDelta(publicThought, params)
}

func (c *converter) thoughtDelta(_ *thread, params []byte) error {
	return c.reasoningDelta(privateThought, params)
}

func (c *converter) reasoningDelta(which int, params []byte) error {
	var l deltaLine
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	it := c.items[key(l.TurnID, l.ItemID)]
	if it == nil {
		return nil // of a turn that is over
	}
	if !it.started[which] {
		it.started[which] = true
		c.emit(universal.TypeItemStarted, &universal.ItemData{
			Item: it.universal(thoughtSuffix(which), universal.KindMessage, universal.RoleAssistant, universal.StatusInProgress, thoughtPart(which, "")),
		})
	}
	part := l.Summary
	if which == privateThought {
		part = l.Content
	}
	if part > it.part[which] {
		l.Delta = partBreak + l.Delta
		it.part[which] = part
	}
	c.textPiece(it, which, l.Delta)
	return nil
}

// reasoningCompleted ends a thought. One that the model keeps for itself has no
// text at all.
func (c *converter) reasoningCompleted(it *item, raw json.RawMessage) error {
	var l struct {
		Summary []string `json:"summary"`
		Content []string `json:"content"`
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	texts := [...]string{strings.Join(l.Summary, partBreak), strings.Join(l.Content, partBreak)}
	for which, text := range texts {
		hidden := which == privateThought && texts[publicThought] == "" && !it.started[publicThought]
		if text == "" && !it.started[which] && !hidden {
			continue
		}
		c.emit(universal.TypeItemCompleted, &universal.ItemData{
			Item: it.universal(thoughtSuffix(which), universal.KindMessage, universal.RoleAssistant, universal.StatusCompleted, thoughtPart(which, text)),
		})
	}
	return nil
}
