package claude

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// The lines that tell of changes in the session, and notices.

func (c *converter) emitChanged(d *universal.SessionUpdatedData) {
	if d.Title != "" || d.Model != "" || d.AgentMode != "" || d.PermissionMode != "" || d.NativeSessionID != "" || d.Commands != nil {
		c.emit(universal.TypeSessionUpdated, d)
	}
}

// sessionChanged notes a new id of the conversation: /clear begins a new one.
func (c *converter) sessionChanged(id string, d *universal.SessionUpdatedData) {
	if id != "" && id != c.native {
		c.native = id
		d.NativeSessionID = id
		c.usage.totals = tokens{}
		c.plan.clear(c)
	}
}

// nativeModes pairs the CLI's permission modes with ours. It has others
// (dontAsk, auto), which no client can ask for.
var nativeModes = []struct {
	native string
	mode   drivers.PermissionMode
}{
	{"default", drivers.PermissionDefault},
	{"plan", drivers.PermissionPlan},
	{"bypassPermissions", drivers.PermissionBypass},
	{"acceptEdits", drivers.PermissionAcceptEdits},
}

// modeChanged translates the CLI's one mode into our two: planning is an agent
// mode unless it was asked for as a permission mode.
func (c *converter) modeChanged(native string, d *universal.SessionUpdatedData) {
	for _, m := range nativeModes {
		if m.native != native {
			continue
		}
		s := &c.settings
		if m.mode == drivers.PermissionPlan {
			if s.AgentMode != drivers.ModePlan && s.PermissionMode != drivers.PermissionPlan {
				s.AgentMode = drivers.ModePlan
				d.AgentMode = drivers.ModePlan
			}
			return
		}
		if s.AgentMode == drivers.ModePlan {
			s.AgentMode = drivers.ModeBuild
			d.AgentMode = drivers.ModeBuild
		}
		if was := s.PermissionMode; was != m.mode && (was != "" || m.mode != drivers.PermissionDefault) {
			s.PermissionMode = m.mode
			d.PermissionMode = string(m.mode)
		}
		return
	}
}

// nativeMode is the CLI's mode for both of ours; planning wins.
func nativeMode(s drivers.Settings) string {
	want := s.PermissionMode
	if want == "" {
		want = drivers.PermissionDefault
	}
	if s.AgentMode == drivers.ModePlan {
		want = drivers.PermissionPlan
	}
	for _, m := range nativeModes {
		if m.mode == want {
			return m.native
		}
	}
	return "default"
}

func (c *converter) statusLine(line []byte) error {
	var l struct {
		Status         string `json:"status"`
		PermissionMode string `json:"permissionMode"`
		CompactResult  string `json:"compact_result"`
		CompactError   string `json:"compact_error"`
		UUID           string `json:"uuid"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if l.Status == "compacting" {
		c.compact.start(c, l.UUID)
	}
	if l.CompactResult != "" && l.CompactResult != "success" {
		c.compact.fail(c, l.UUID, l.CompactError)
	}
	var changed universal.SessionUpdatedData
	c.modeChanged(l.PermissionMode, &changed)
	c.emitChanged(&changed)
	return nil
}

// compaction is the item of a compaction that runs. Its success is told by the
// boundary line, which has the figures.
type compaction struct{ key string }

func (k *compaction) start(c *converter, id string) {
	if k.key != "" {
		return
	}
	k.key = "compaction:" + id
	c.emit(universal.TypeItemStarted, &universal.ItemData{Item: statusItem(k.key, "compacting", "", universal.StatusInProgress)})
}

func (k *compaction) end(c *converter, id, label, detail string, status universal.ItemStatus) {
	key := k.key
	if key == "" {
		key = "compaction:" + id
	}
	k.key = ""
	c.completeStatus(key, label, detail, status)
}

func (k *compaction) fail(c *converter, id, why string) {
	k.end(c, id, "compacting", why, universal.StatusFailed)
}

// finish closes a compaction whose end was not told.
func (k *compaction) finish(c *converter) {
	if k.key != "" {
		k.end(c, "", "compacting", "", universal.StatusCancelled)
	}
}

func (c *converter) compactLine(line []byte) error {
	var l struct {
		UUID     string `json:"uuid"`
		Metadata struct {
			Trigger string `json:"trigger"`
			Before  int64  `json:"pre_tokens"`
			After   *int64 `json:"post_tokens"`
		} `json:"compact_metadata"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	detail := fmt.Sprintf("%s: %d tokens", l.Metadata.Trigger, l.Metadata.Before)
	if l.Metadata.After != nil {
		detail += fmt.Sprintf(" → %d tokens", *l.Metadata.After)
	}
	c.compact.end(c, l.UUID, "compacted", detail, universal.StatusCompleted)
	return nil
}

func (c *converter) informationalLine(line []byte) error {
	var l struct {
		UUID    string `json:"uuid"`
		Content string `json:"content"`
		Level   string `json:"level"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if l.Level == "" {
		l.Level = "notice"
	}
	c.status("notice:"+l.UUID, l.Level, l.Content)
	return nil
}

func (c *converter) localOutputLine(line []byte) error {
	var l struct {
		UUID    string `json:"uuid"`
		Content string `json:"content"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: universal.Item{
		ItemID:  "local-command:" + l.UUID,
		Kind:    universal.KindSystem,
		Role:    universal.RoleSystem,
		Status:  universal.StatusCompleted,
		Content: universal.Content{&universal.TextPart{Text: l.Content}},
	}})
	return nil
}

func (c *converter) resetLine(line []byte) error {
	var l struct {
		UUID string `json:"new_conversation_id"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	c.status("reset:"+l.UUID, "conversation cleared", "")
	return nil
}

func (c *converter) titleLine(line []byte) error {
	var l struct {
		Title string `json:"title"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	c.emitChanged(&universal.SessionUpdatedData{Title: l.Title})
	return nil
}

func (c *converter) commandsLine(line []byte) error {
	var l initialized
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	c.emitChanged(&universal.SessionUpdatedData{Commands: c.commands.listed(&l)})
	return nil
}

// controlResponse answers one of our own requests; the session hands it to
// whoever waits.
func (c *converter) controlResponse(line []byte) error {
	var l struct {
		Response controlResponse `json:"response"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	subtype, ok := c.sent[l.Response.RequestID]
	if !ok {
		return errors.New("answer to a request that was not made")
	}
	delete(c.sent, l.Response.RequestID)
	c.responses = append(c.responses, l.Response)
	if l.Response.Subtype != "success" {
		return nil
	}
	switch subtype {
	case "initialize":
		var i initialized
		if err := json.Unmarshal(l.Response.Response, &i); err != nil {
			return err
		}
		c.emitChanged(&universal.SessionUpdatedData{Commands: c.commands.listed(&i)})
	case "mcp_set_servers":
		return c.mcpServersSet(l.Response.Response)
	}
	return nil
}

// mcpServersSet reports the tool servers that could not be reached: the
// session goes on without them.
func (c *converter) mcpServersSet(response json.RawMessage) error {
	var r struct {
		Errors map[string]string `json:"errors"`
	}
	if err := json.Unmarshal(response, &r); err != nil {
		return err
	}
	for _, name := range sortedKeys(r.Errors) {
		c.emit(universal.TypeError, &universal.ErrorData{
			Message:  fmt.Sprintf("mcp server %s could not be started: %s", name, r.Errors[name]),
			Code:     "mcp_server_failed",
			Category: universal.CategoryInternal,
			Details:  map[string]string{"server": name},
		})
	}
	return nil
}
