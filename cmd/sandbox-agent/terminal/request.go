package terminal

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Permission is what a person has to see before allowing something: all of
// what the agent wants to do, and exactly what each answer means. It ends with
// a newline.
func Permission(d *universal.PermissionData, opts Options) string {
	p := New(nil, opts)
	title := PermissionTitle(d)
	p.short(0, yellow, "? "+title)
	for _, f := range details(d) {
		// What is to be run has to be seen to its end.
		head, tail := detailLines, 0
		if d.ToolKind == universal.ToolExecute {
			head = len(f.value)
		}
		lines := strings.Split(strings.TrimRight(Clean(f.value), "\n"), "\n")
		if len(lines) == 1 {
			if !strings.HasSuffix(title, f.value) {
				p.line(2, plain, p.paint(dim, CleanLine(f.name)+": ")+lines[0])
			}
			continue
		}
		p.line(2, dim, CleanLine(f.name)+":")
		p.body(3, plain, strings.Join(lines, "\n"), head, tail)
	}
	p.line(1, plain, "y  allow once")
	if always := allowAlways(d); always != nil {
		p.line(1, plain, "a  "+CleanLine(alwaysText(always)))
	}
	p.line(1, plain, "n  refuse; words after it are told to the agent")
	return p.buf.String()
}

// detailLines is how much of a long detail is shown.
const detailLines = 30

// OffersAlways tells whether a permission can be given for good.
func OffersAlways(d *universal.PermissionData) bool { return allowAlways(d) != nil }

func allowAlways(d *universal.PermissionData) *universal.PermissionOption {
	for i := range d.Options {
		if d.Options[i].Kind == universal.AllowAlways {
			return &d.Options[i]
		}
	}
	return nil
}

// alwaysText says what would be allowed, with every rule.
func alwaysText(o *universal.PermissionOption) string {
	text := o.Name
	var missing []string
	for _, rule := range o.Rules {
		if !strings.Contains(text, rule) {
			missing = append(missing, rule)
		}
	}
	if len(missing) > 0 {
		text += ": " + strings.Join(missing, ", ")
	}
	return text
}

type detail struct{ name, value string }

// details are what the agent said about a request: its tool's input, where
// that is known, else everything.
func details(d *universal.PermissionData) []detail {
	all, ok := d.Metadata.(map[string]any)
	if !ok {
		return nil
	}
	if input, ok := all["input"].(map[string]any); ok {
		all = input
	}
	var list []detail
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch v := all[name].(type) {
		case nil:
		case bool:
			if v {
				list = append(list, detail{name, "yes"})
			}
		case string:
			list = append(list, detail{name, v})
		default:
			b, err := json.Marshal(v)
			if err == nil {
				list = append(list, detail{name, string(b)})
			}
		}
	}
	return list
}

// Question is a question with its numbered options. It ends with a newline.
func Question(q *universal.Question, opts Options) string {
	p := New(nil, opts)
	lines := strings.Split(strings.TrimRight(Clean(q.Prompt), "\n"), "\n")
	if q.Header != "" {
		lines[0] = "[" + CleanLine(q.Header) + "] " + lines[0]
	}
	lines[0] = "? " + lines[0]
	for _, line := range lines {
		p.line(0, yellow, line)
	}
	for i, o := range q.Options {
		text := strconv.Itoa(i+1) + "  " + CleanLine(o.Label)
		if o.Description != "" {
			text += p.paint(dim, ": "+CleanLine(o.Description))
		}
		p.line(1, plain, text)
	}
	return p.buf.String()
}
