package opencode

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/jsonscan"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

type partKind int

const (
	partText partKind = iota
	partReasoning
	partTool
)

// part is a piece of a message of an agent: a text, a thought or a tool call.
type part struct {
	id      string
	order   int
	kind    partKind
	session string
	message string
	closed  bool

	text []byte // of a text or thought: what was streamed
	gap  bool   // pieces may be missing: the end has all of it

	tool    toolState
	asks    [][]byte // permissions that were asked for before the input was told
	opened  bool     // the call's item has begun
	called  bool     // the call's item is complete
	running bool     // the result's item has begun
	printed *string  // what a command that runs has printed, as it was told last
}

// nativePart is a part as OpenCode tells it.
type nativePart struct {
	ID        string `json:"id"`
	SessionID string `json:"sessionID"`
	MessageID string `json:"messageID"`
	Type      string `json:"type"`
	Text      string `json:"text"`
	Synthetic bool   `json:"synthetic"`
	Ignored   bool   `json:"ignored"`
	Time      struct {
		End *float64 `json:"end"`
	} `json:"time"`
	// Of a tool.
	Tool   string      `json:"tool"`
	CallID string      `json:"callID"`
	State  nativeState `json:"state"`
	// Of the beginning and end of a step.
	Snapshot string       `json:"snapshot"`
	Tokens   nativeTokens `json:"tokens"`
	Cost     *float64     `json:"cost"`
	// Of a compaction.
	Auto bool `json:"auto"`
}

func (c *converter) partUpdated(h head) error {
	var p struct {
		Part nativePart `json:"part"`
	}
	if err := json.Unmarshal(h.properties, &p); err != nil {
		return err
	}
	return c.notePart(&p.Part)
}

// notePart takes what is said of a part, once or again.
func (c *converter) notePart(n *nativePart) error {
	m := c.messages[n.MessageID]
	if m == nil {
		return nil // of an earlier turn
	}
	switch n.Type {
	case "text", "reasoning":
		if m.role == roleAssistant && !m.hidden && !n.Synthetic && !n.Ignored {
			c.noteText(n)
		}
	case "tool":
		return c.noteTool(n)
	case "step-start":
		c.turn.snapshots = c.turn.snapshots || n.Snapshot != ""
	case "step-finish":
		c.noteStep(n)
	case "compaction":
		detail := "asked for"
		if n.Auto {
			detail = "automatic"
		}
		if n.SessionID == c.root {
			c.beginCompaction("compaction:"+n.ID, detail)
		}
	default:
		if !isDropped("part/" + n.Type) {
			return fmt.Errorf("unknown part %q", n.Type)
		}
	}
	return nil
}

// part returns what is known of a part, which it makes.
func (c *converter) part(n *nativePart, kind partKind) *part {
	k := c.parts[n.ID]
	if k == nil {
		k = &part{id: n.ID, order: len(c.parts), kind: kind, session: n.SessionID, message: n.MessageID, gap: c.lost}
		c.parts[n.ID] = k
	}
	return k
}

// noteText takes a text or a thought: it begins empty, and comes again, whole,
// at its end.
func (c *converter) noteText(n *nativePart) {
	kind := partText
	if n.Type == "reasoning" {
		kind = partReasoning
	}
	known := c.parts[n.ID] != nil
	k := c.part(n, kind)
	if !known {
		c.emit(universal.TypeItemStarted, &universal.ItemData{Item: c.textItem(k, "", universal.StatusInProgress)})
	}
	if k.closed {
		return
	}
	if n.Time.End != nil {
		c.completeText(k, n.Text, universal.StatusCompleted)
	}
}

func (c *converter) textItem(k *part, text string, status universal.ItemStatus) universal.Item {
	item := universal.Item{
		ItemID:       k.id,
		NativeItemID: universal.NullString(k.id),
		ParentID:     universal.NullString(c.agent(k.session).parent),
		Kind:         universal.KindMessage,
		Role:         universal.RoleAssistant,
		Status:       status,
		Content:      universal.Content{&universal.TextPart{Text: text}},
	}
	if k.kind == partReasoning {
		item.Content = universal.Content{&universal.ReasoningPart{Text: text, Visibility: universal.VisibilityPublic}}
	}
	return item
}

// completeText ends a text. Of one whose pieces may be missing the receiver
// streams the rest.
func (c *converter) completeText(k *part, text string, status universal.ItemStatus) {
	rewritten := !k.gap && string(k.text) != text
	k.closed, k.text = true, nil
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: c.textItem(k, text, status), Rewritten: rewritten})
}

// closePart ends an open part with what is known of it.
func (c *converter) closePart(k *part, status universal.ItemStatus) {
	if k.kind == partTool {
		c.closeTool(k, status)
		return
	}
	c.completeText(k, string(k.text), status)
}

// partRemoved takes back a part.
func (c *converter) partRemoved(h head) error {
	var p struct {
		PartID string `json:"partID"`
	}
	if err := json.Unmarshal(h.properties, &p); err != nil {
		return err
	}
	if k := c.parts[p.PartID]; k != nil && !k.closed {
		c.closePart(k, universal.StatusCancelled)
	}
	return nil
}

// nativeDelta is a piece of a text or a thought.
type nativeDelta struct {
	part  string
	field string
	text  string
}

type deltaProperties struct {
	PartID string `json:"partID"`
	Field  string `json:"field"`
	Delta  string `json:"delta"`
}

// delta deals with the one kind of event that floods.
func (c *converter) delta(properties []byte) {
	d, ok := scanDelta(properties)
	if !ok {
		var p deltaProperties
		if err := json.Unmarshal(properties, &p); err != nil {
			c.unparsed(deltaKind, err)
			return
		}
		d = nativeDelta{p.PartID, p.Field, p.Delta}
	}
	k := c.parts[d.part]
	switch {
	case d.field != "text":
		c.unparsed(deltaKind, fmt.Errorf("unknown field %q", d.field))
	case k == nil, k.closed, k.kind == partTool, k.gap, d.text == "":
		// Of a message that isn't shown, or of what will come as a whole.
	default:
		k.text = append(k.text, d.text...)
		c.emit(universal.TypeItemDelta, &universal.ItemDeltaData{
			ItemID: k.id, NativeItemID: universal.NullString(k.id), Delta: d.text,
		})
	}
}

// scanDelta reads the properties of a delta as decoding would; false if it
// isn't sure.
func scanDelta(properties []byte) (d nativeDelta, ok bool) {
	s := jsonscan.New(properties)
	seen := 0
	ok = members(&s, func(key string) bool {
		var to *string
		switch key {
		case "partID":
			to = &d.part
		case "field":
			to = &d.field
		case "delta":
			to = &d.text
		default:
			// encoding/json takes names in any case.
			return !strings.EqualFold(key, "partID") && !strings.EqualFold(key, "field") && !strings.EqualFold(key, "delta") && s.Skip()
		}
		inner, escaped, ok := s.String()
		if !ok || *to != "" {
			return false
		}
		if escaped {
			inner = jsonscan.Unescape(make([]byte, 0, len(inner)), inner)
		}
		*to = string(inner)
		seen++
		return true
	})
	return d, ok && s.End() && seen == 3
}
