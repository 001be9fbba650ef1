package drivertest

import (
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Skeleton shows events one a line, as "type key", with a star after what is
// synthetic. It is meant for comparing streams and for failure messages.
func Skeleton(events []universal.Event) string {
	var b strings.Builder
	for i := range events {
		b.WriteString(Bone(&events[i]))
		b.WriteByte('\n')
	}
	return b.String()
}

// Bone is one line of a [Skeleton].
func Bone(ev *universal.Event) string {
	line := string(ev.Type)
	if ev.Synthetic {
		line += "*"
	}
	switch d := ev.Data.(type) {
	case *universal.ItemData:
		line += " " + d.Item.ItemID
	case *universal.ItemDeltaData:
		line += " " + d.ItemID
	case *universal.PermissionData:
		line += " " + d.PermissionID
	case *universal.QuestionData:
		line += " " + d.QuestionID
	case *universal.TurnEndedData:
		line += " " + string(d.StopReason)
	}
	return line
}

// Text is everything that events tell in words, each followed by a newline:
// texts, reasoning, results, commands' output and the arguments of calls.
func Text(events []universal.Event) string {
	var b strings.Builder
	for i := range events {
		d, ok := events[i].Data.(*universal.ItemData)
		if !ok || events[i].Type != universal.TypeItemCompleted {
			continue
		}
		for _, p := range d.Item.Content {
			if text := words(p); text != "" {
				b.WriteString(text + "\n")
			}
		}
	}
	return b.String()
}

func words(p universal.Part) string {
	switch p := p.(type) {
	case *universal.TextPart:
		return p.Text
	case *universal.ReasoningPart:
		return p.Text
	case *universal.ToolResultPart:
		return p.Output
	case *universal.CommandPart:
		return p.Output
	case *universal.ToolCallPart:
		return p.Arguments
	}
	return ""
}
