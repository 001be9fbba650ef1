package codex

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// mcpItem is a call of a tool server's tool.
type mcpItem struct {
	Server    string          `json:"server"`
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
	Status    string          `json:"status"`
	Result    *struct {
		Content    []mcpContent    `json:"content"`
		Structured json.RawMessage `json:"structuredContent"`
	} `json:"result"`
	Error *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// mcpContent is a piece of what a tool gave.
type mcpContent struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Data     string `json:"data"`
	MimeType string `json:"mimeType"`
	raw      json.RawMessage
}

// UnmarshalJSON also keeps the whole piece, for types that are not known.
func (m *mcpContent) UnmarshalJSON(b []byte) error {
	type plain mcpContent
	if err := json.Unmarshal(b, (*plain)(m)); err != nil {
		return err
	}
	m.raw = bytes.Clone(b)
	return nil
}

// mcpName is how the model knows a tool.
func mcpName(server, tool string) string { return "mcp__" + server + "__" + tool }

func (c *converter) mcpStarted(it *item, raw json.RawMessage) error {
	var l mcpItem
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.callMCP(it, &l)
	return nil
}

func (c *converter) callMCP(it *item, l *mcpItem) {
	it.server, it.tool, it.arguments = l.Server, l.Tool, string(oneline.JSON(l.Arguments))
	c.call(it, universal.ToolMCP, mcpName(l.Server, l.Tool), it.arguments, l.Server+"."+l.Tool)
}

func (c *converter) mcpCompleted(it *item, raw json.RawMessage) error {
	var l mcpItem
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.callMCP(it, &l)
	var texts []string
	var parts []universal.Part
	switch {
	case l.Result != nil:
		for _, piece := range l.Result.Content {
			switch piece.Type {
			case "text":
				texts = append(texts, piece.Text)
			case "image":
				parts = append(parts, &universal.ImagePart{Mime: universal.NullString(piece.MimeType), Data: piece.Data})
			default:
				texts = append(texts, string(piece.raw))
			}
		}
		if len(l.Result.Content) == 0 && len(l.Result.Structured) > 0 && string(l.Result.Structured) != "null" {
			texts = append(texts, string(l.Result.Structured))
		}
	case l.Error != nil:
		texts = append(texts, l.Error.Message)
	}
	c.completeResult(it, done(l.Status), strings.Join(texts, "\n"), parts...)
	return nil
}

// toolProgress is what a tool server says while its tool works.
func (c *converter) toolProgress(_ *thread, params []byte) error {
	var l struct {
		TurnID  string `json:"turnId"`
		ItemID  string `json:"itemId"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	if it := c.items[key(l.TurnID, l.ItemID)]; it != nil && it.called && l.Message != "" {
		c.resultDelta(it, l.Message+"\n")
	}
	return nil
}

// clientToolItem is a call of a tool that a client brings. The bridge brings
// none; a thread that another client began may have some.
type clientToolItem struct {
	Namespace string          `json:"namespace"`
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
	Status    string          `json:"status"`
	Content   []struct {
		Text     string `json:"text"`
		ImageURL string `json:"imageUrl"`
	} `json:"contentItems"`
	Success *bool `json:"success"`
}

func (c *converter) clientToolStarted(it *item, raw json.RawMessage) error {
	var l clientToolItem
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.callClientTool(it, &l)
	return nil
}

func (c *converter) callClientTool(it *item, l *clientToolItem) {
	name := l.Tool
	if l.Namespace != "" {
		name = l.Namespace + "." + name
	}
	c.call(it, universal.ToolOther, name, string(oneline.JSON(l.Arguments)), "")
}

func (c *converter) clientToolCompleted(it *item, raw json.RawMessage) error {
	var l clientToolItem
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.callClientTool(it, &l)
	var texts []string
	var parts []universal.Part
	for _, piece := range l.Content {
		if piece.ImageURL != "" {
			parts = append(parts, imageOf(piece.ImageURL))
			continue
		}
		texts = append(texts, piece.Text)
	}
	status := done(l.Status)
	if l.Success != nil && !*l.Success {
		status = universal.StatusFailed
	}
	c.completeResult(it, status, strings.Join(texts, "\n"), parts...)
	return nil
}

// imageOf is a picture by its address, which holds it or says where it is.
func imageOf(url string) *universal.ImagePart {
	if rest, ok := strings.CutPrefix(url, "data:"); ok {
		if kind, data, ok := strings.Cut(rest, ";base64,"); ok {
			return &universal.ImagePart{Mime: universal.NullString(kind), Data: data}
		}
	}
	return &universal.ImagePart{Path: universal.NullString(url)}
}

// webSearchCompleted tells of a search, which the model's service has done when
// Codex hears of it. What it found only the model knows.
func (c *converter) webSearchCompleted(it *item, raw json.RawMessage) error {
	var l struct {
		Query  string `json:"query"`
		Action *struct {
			Type    string   `json:"type"`
			Queries []string `json:"queries"` // all of a search, of which the first is its query
			URL     string   `json:"url"`
			Pattern string   `json:"pattern"`
		} `json:"action"`
		Results []json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	kind := universal.ToolSearch
	arguments := struct {
		Action  string   `json:"action,omitempty"`
		Query   string   `json:"query,omitempty"`
		Queries []string `json:"queries,omitempty"`
		URL     string   `json:"url,omitempty"`
		Pattern string   `json:"pattern,omitempty"`
	}{Query: l.Query}
	if a := l.Action; a != nil {
		arguments.Action, arguments.Queries, arguments.URL, arguments.Pattern = a.Type, a.Queries, a.URL, a.Pattern
		if a.Type != "search" && a.URL != "" {
			kind = universal.ToolFetch
		}
	}
	var found []string
	for _, r := range l.Results {
		found = append(found, string(oneline.JSON(r)))
	}
	c.call(it, kind, "web_search", encode(arguments), l.Query)
	c.completeResult(it, universal.StatusCompleted, strings.Join(found, "\n"))
	return nil
}

// imageViewCompleted tells that the model looks at a picture.
func (c *converter) imageViewCompleted(it *item, raw json.RawMessage) error {
	var l struct {
		Path string `json:"path"`
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.call(it, universal.ToolRead, "view_image", encode(l), l.Path)
	c.completeResult(it, universal.StatusCompleted, "",
		&universal.FileRefPart{Path: l.Path, Action: universal.FileRead}, &universal.ImagePart{Path: universal.NullString(l.Path)})
	return nil
}

// imageGenerationCompleted tells of a picture that the model's service has made.
func (c *converter) imageGenerationCompleted(it *item, raw json.RawMessage) error {
	var l struct {
		Status  string          `json:"status"`
		Prompt  string          `json:"revisedPrompt"`
		Failure json.RawMessage `json:"failure"`
		Saved   string          `json:"savedPath"`
		Result  string          `json:"result"` // base64
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.call(it, universal.ToolOther, "image_generation", encode(struct {
		Prompt string `json:"prompt,omitempty"`
	}{l.Prompt}), l.Prompt)
	if len(l.Failure) > 0 && string(l.Failure) != "null" {
		c.completeResult(it, universal.StatusFailed, string(oneline.JSON(l.Failure)))
		return nil
	}
	picture := &universal.ImagePart{Mime: "image/png", Data: l.Result}
	if l.Result == "" {
		picture.Path = universal.NullString(l.Saved)
	}
	c.completeResult(it, done(l.Status), "", picture)
	return nil
}

// sleepItem is the model waiting.
type sleepItem struct {
	Duration int64 `json:"durationMs"`
}

func (c *converter) sleepStarted(it *item, raw json.RawMessage) error {
	var l sleepItem
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.call(it, universal.ToolOther, "sleep", encode(l), fmt.Sprintf("sleep %v", time.Duration(l.Duration)*time.Millisecond))
	return nil
}

func (c *converter) sleepCompleted(it *item, raw json.RawMessage) error {
	if err := c.sleepStarted(it, raw); err != nil {
		return err
	}
	c.completeResult(it, universal.StatusCompleted, "")
	return nil
}
