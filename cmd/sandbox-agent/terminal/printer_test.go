package terminal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/terminal"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

var update = flag.Bool("update", false, "write the expected texts in testdata again")

// Each file in testdata has events, one a line, and what a person sees of them
// without and with colours; there, \e stands for the escape character. The
// file options, if there is one, is JSON of [terminal.Options].
func TestGolden(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var opts terminal.Options
			if data := section(archive, "options"); data != nil {
				if err := json.Unmarshal(*data, &opts); err != nil {
					t.Fatal(err)
				}
			}
			events := decode(t, *section(archive, "events"))
			for _, name := range []string{"plain", "color"} {
				opts.Color = name == "color"
				got := strings.ReplaceAll(show(t, events, opts), "\x1b", `\e`)
				want := section(archive, name)
				if want == nil {
					archive.Files = append(archive.Files, txtar.File{Name: name})
					want = section(archive, name)
				}
				if *update {
					*want = []byte(got)
				} else if diff := cmp.Diff(strings.Split(string(*want), "\n"), strings.Split(got, "\n")); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// section is a file of an archive, to be read and replaced.
func section(archive *txtar.Archive, name string) *[]byte {
	for i := range archive.Files {
		if archive.Files[i].Name == name {
			return &archive.Files[i].Data
		}
	}
	return nil
}

func decode(t *testing.T, lines []byte) []universal.Event {
	t.Helper()
	var events []universal.Event
	for line := range bytes.Lines(lines) {
		var ev universal.Event
		if err := json.Unmarshal(line, &ev); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		events = append(events, ev)
	}
	return events
}

func show(t *testing.T, events []universal.Event, opts terminal.Options) string {
	t.Helper()
	var out strings.Builder
	p := terminal.New(&out, opts)
	for i := range events {
		if err := p.Event(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.EndLine(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// What agents send must not reach the terminal as more than text, wherever it
// stands.
func TestNothingControlsTheTerminal(t *testing.T) {
	const evil = "a\x1b]0;title\x07b\x1b[2J\rc\bd\x7f\u009be\u202ef\nrest"
	ev := func(kind universal.EventType, data universal.Data) universal.Event {
		return universal.Event{Type: kind, Data: data}
	}
	item := func(kind universal.ItemKind, status universal.ItemStatus, parts ...universal.Part) universal.Event {
		return ev(universal.TypeItemCompleted, &universal.ItemData{Item: universal.Item{
			ItemID: "i", Kind: kind, Role: universal.RoleAssistant, Status: status, Content: parts,
		}})
	}
	code := 1
	events := []universal.Event{
		ev(universal.TypeTurnStarted, &universal.TurnStartedData{Origin: universal.OriginUser}),
		item(universal.KindMessage, universal.StatusCompleted, &universal.TextPart{Text: evil},
			&universal.ReasoningPart{Text: evil}, &universal.ImagePart{Path: evil},
			&universal.FileRefPart{Path: evil, Action: universal.FileAction(evil)}, &universal.JSONPart{JSON: json.RawMessage(`{"a":"\u001b[2J"}`)}),
		item(universal.KindStatus, universal.StatusCompleted, &universal.StatusPart{Label: evil, Detail: evil}),
		item(universal.KindUnknown, universal.StatusCompleted, &universal.TextPart{Text: evil}),
		item(universal.KindToolCall, universal.StatusCompleted, &universal.ToolCallPart{Name: evil, CallID: "c", Title: evil}),
		item(universal.KindToolResult, universal.StatusCompleted, &universal.ToolResultPart{CallID: "c", Output: evil},
			&universal.CommandPart{Command: evil, Output: evil, ExitCode: &code}, &universal.FileRefPart{Path: evil, Action: universal.FileWrite},
			&universal.FileRefPart{Path: evil, From: evil, Action: universal.FileRename}, &universal.FileRefPart{Path: "x", Diff: evil}),
		item(universal.KindToolResult, universal.StatusFailed, &universal.ToolResultPart{CallID: "d", Output: evil, IsError: true}),
		item(universal.KindToolResult, universal.StatusCancelled, &universal.ToolResultPart{CallID: "e", Output: evil, IsError: true}),
		ev(universal.TypePermissionRequested, &universal.PermissionData{PermissionID: "p", Action: evil, Title: evil}),
		ev(universal.TypePermissionResolved, &universal.PermissionData{PermissionID: "p", Status: universal.PermissionReject, Message: evil}),
		ev(universal.TypeQuestionRequested, &universal.QuestionData{QuestionID: "q", Prompt: evil}),
		ev(universal.TypeQuestionResolved, &universal.QuestionData{Prompt: evil, Status: universal.QuestionRejected, Message: evil}),
		ev(universal.TypeQuestionResolved, &universal.QuestionData{Prompt: evil, Status: universal.QuestionAnswered, Responses: [][]string{{evil}}}),
		ev(universal.TypePlanUpdated, &universal.PlanData{Entries: []universal.PlanEntry{{Content: evil}}}),
		ev(universal.TypeQuotaUpdated, &universal.QuotaData{Kind: evil, Status: evil, Detail: evil}),
		ev(universal.TypeError, &universal.ErrorData{Message: evil, Category: evil}),
		ev(universal.TypeUnparsed, &universal.UnparsedData{Error: evil}),
		ev(universal.TypeSessionUpdated, &universal.SessionUpdatedData{Title: evil, Model: evil}),
		ev(universal.TypeDiffUpdated, &universal.DiffData{Scope: universal.DiffTurn, Diff: evil, Files: []universal.DiffFile{{Path: evil}}}),
		ev(universal.TypeTurnEnded, &universal.TurnEndedData{StopReason: evil}),
		ev(universal.TypeSessionEnded, &universal.SessionEndedData{Reason: universal.EndError, Message: evil, Stderr: &universal.Stderr{Head: evil}}),
	}
	q := universal.Question{Prompt: evil, Header: evil, Options: []universal.QuestionOption{{Label: evil, Description: evil}}}
	d := universal.PermissionData{
		Action: evil, Title: evil, Metadata: map[string]any{evil: evil, "n": []any{evil}},
		Options: []universal.PermissionOption{{Kind: universal.AllowAlways, Name: evil, Rules: []string{evil}}},
	}
	for name, text := range map[string]string{
		"events":     show(t, events, terminal.Options{}),
		"narrow":     show(t, events, terminal.Options{Width: 20}),
		"permission": terminal.Permission(&d, terminal.Options{}),
		"question":   terminal.Question(&q, terminal.Options{}),
	} {
		if i := strings.IndexFunc(text, func(r rune) bool {
			return r < ' ' && r != '\n' && r != '\t' || r == 0x7F || r >= 0x80 && r < 0xA0 || r == '\u202e'
		}); i >= 0 {
			t.Errorf("%s: a control character is left in %q", name, text[max(0, i-30):min(len(text), i+30)])
		}
		if !strings.Contains(text, "rest") {
			t.Errorf("%s: the text behind the control characters is lost", name)
		}
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteErrorIsReturned(t *testing.T) {
	p := terminal.New(brokenWriter{}, terminal.Options{})
	err := p.Event(&universal.Event{Type: universal.TypeError, Data: &universal.ErrorData{Message: "m"}})
	if !errors.Is(err, errBroken) {
		t.Errorf("Event: %v, want %v", err, errBroken)
	}
}
