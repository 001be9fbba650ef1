package main

import (
	"bytes"
	"context"
	"encoding/json"
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
	stream := resp.Body
	defer stream.Close()
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
	return remote.EachEvent(stream, func(data []byte) error {
		var ev universal.Event
		if err := json.Unmarshal(data, &ev); err != nil {
			return err
		}
		return printer.Event(&ev)
	})
}

// showEvents shows events that were read at once.
func (c *apiCall) showEvents(body []byte) error {
	var page struct{ Events []universal.Event }
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
	return printer.EndLine()
}
