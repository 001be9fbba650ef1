package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/remote"
	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/terminal"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// stream shows events as they come: the stream itself, its events one a line,
// or what a person wants to read of them.
func (c *apiCall) stream(ctx context.Context) error {
	resp, err := c.client.Do(ctx, c.method, c.params, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	err = c.showStream(resp.Body)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the stream broke off; sessions events-sse with --offset goes on behind the last event: %w", err)
	}
	return err
}

func (c *apiCall) showStream(stream io.Reader) error {
	switch c.output {
	case "json":
		return remote.EachEvent(stream, func(data []byte) error {
			_, err := c.stdout.Write(append(bytes.Clone(data), '\n'))
			return err
		})
	case "text":
		return c.streamText(stream)
	default:
		_, err := io.Copy(c.stdout, stream)
		return err
	}
}

func (c *apiCall) streamText(stream io.Reader) error {
	if _, ok := c.params["sessionId"]; !ok { // summaries of sessions
		return remote.EachEvent(stream, func(data []byte) error { return printText(c.stdout, data) })
	}
	printer := terminal.New(c.stdout, terminalOptions(c.stdout))
	hint := func(command string) error {
		_, err := fmt.Fprintf(c.stdout, "  %s\n", terminal.CleanLine(command))
		return err
	}
	var ev universal.Event // the last one
	asked := false
	err := remote.EachEvent(stream, func(data []byte) error {
		ev = universal.Event{}
		if err := json.Unmarshal(data, &ev); err != nil {
			return err
		}
		if err := printer.Event(&ev); err != nil {
			return err
		}
		if answer := howToAnswer(&ev, c.endpointFlag()); answer != "" {
			asked = true
			return hint(answer)
		}
		return nil
	})
	err = errors.Join(err, printer.EndLine())
	if err != nil || !asked || ev.Type == universal.TypeTurnEnded || ev.Type == universal.TypeSessionEnded {
		return err
	}
	return hint(fmt.Sprintf("sandbox-agent sessions events-sse %s --offset %d --output text%s # shows what comes then", shellQuote(ev.SessionID), ev.Sequence, c.endpointFlag()))
}

// endpointFlag is what a command needs to reach the same server; "" for the one
// that it reaches without.
func (c *apiCall) endpointFlag() string {
	if c.client.Endpoint == defaultEndpoint {
		return ""
	}
	return " --endpoint " + shellQuote(c.client.Endpoint)
}

// howToAnswer is the command that answers a request at an endpoint; "" for any
// other event.
func howToAnswer(ev *universal.Event, endpoint string) string {
	command := func(name, request string) string {
		return fmt.Sprintf("sandbox-agent sessions %s %s %s%s", name, shellQuote(ev.SessionID), shellQuote(request), endpoint)
	}
	switch d := ev.Data.(type) {
	case *universal.PermissionData:
		switch {
		case ev.Type != universal.TypePermissionRequested:
			return ""
		case terminal.OffersAlways(d):
			return command("reply-permission", d.PermissionID) + " --reply once # or always, reject"
		}
		return command("reply-permission", d.PermissionID) + " --reply once # or reject"
	case *universal.QuestionData:
		if ev.Type != universal.TypeQuestionRequested {
			return ""
		}
		var answers [][]string
		for _, q := range d.Questions {
			answer := "text"
			if len(q.Options) > 0 {
				answer = q.Options[0].Label
			}
			answers = append(answers, []string{answer})
		}
		text, err := json.Marshal(answers)
		if err != nil {
			return ""
		}
		return command("reply-question", d.QuestionID) + " --answers " + shellQuote(string(text)) + " # or another; or reject-question"
	default:
		return ""
	}
}

// showEvents shows events that were read at once.
func (c *apiCall) showEvents(body []byte) error {
	var page struct {
		Events  []universal.Event
		HasMore bool
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return err
	}
	look := terminalOptions(c.stdout)
	look.Prompts = true
	printer := terminal.New(c.stdout, look)
	for i := range page.Events {
		if err := printer.Event(&page.Events[i]); err != nil {
			return err
		}
	}
	if err := printer.EndLine(); err != nil || !page.HasMore || len(page.Events) == 0 {
		return err
	}
	_, err := fmt.Fprintf(c.cmd.Root().ErrWriter, "sandbox-agent: there is more: --offset %d\n", page.Events[len(page.Events)-1].Sequence)
	return err
}
