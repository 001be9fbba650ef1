package codex

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// The lines that tell of changes in the session, and notices.

func (c *converter) emitChanged(d *universal.SessionUpdatedData) {
	if !d.IsZero() {
		c.emit(universal.TypeSessionUpdated, d)
	}
}

func (c *converter) settingsUpdated(th *thread, params []byte) error {
	var l struct {
		Settings struct {
			Model  string `json:"model"`
			Effort string `json:"effort"`
			Mode   struct {
				Mode string `json:"mode"`
			} `json:"collaborationMode"`
		} `json:"threadSettings"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	if !c.isRoot(th) {
		return nil
	}
	var changed universal.SessionUpdatedData
	if m := l.Settings.Model; m != "" && m != c.model {
		c.model, changed.Model = m, m
	}
	if e := l.Settings.Effort; e != "" && e != c.effort {
		c.effort, changed.Variant = e, e
	}
	c.planned = l.Settings.Mode.Mode == "plan"
	c.emitChanged(&changed)
	return nil
}

// modelRerouted tells that the service answers with another model.
func (c *converter) modelRerouted(th *thread, params []byte) error {
	var l struct {
		From   string `json:"fromModel"`
		To     string `json:"toModel"`
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	c.noticed++
	c.status(th, fmt.Sprintf("%s:rerouted:%d", c.start, c.noticed), "another model answers", fmt.Sprintf("%s instead of %s (%s)", l.To, l.From, l.Reason))
	return nil
}

// hookCompleted tells of a program of the user's, run at an event, that stopped
// something or failed; those that went well are the user's own affair.
func (c *converter) hookCompleted(th *thread, params []byte) error {
	var l struct {
		Run struct {
			Event   string `json:"eventName"`
			Status  string `json:"status"` // "completed", "failed", "blocked" or "stopped"
			Message string `json:"statusMessage"`
			Entries []struct {
				Text string `json:"text"`
			} `json:"entries"`
		} `json:"run"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	if l.Run.Status == "completed" {
		return nil
	}
	said := []string{l.Run.Message}
	for _, e := range l.Run.Entries {
		said = append(said, e.Text)
	}
	c.noticed++
	c.status(th, fmt.Sprintf("%s:hook:%d", c.start, c.noticed), "hook "+l.Run.Event+": "+l.Run.Status, strings.TrimSpace(strings.Join(said, "\n")))
	return nil
}

func (c *converter) nameUpdated(th *thread, params []byte) error {
	var l struct {
		Name string `json:"threadName"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	if c.isRoot(th) && l.Name != c.settings.Title { // else it was our wish
		c.settings.Title = l.Name
		c.emitChanged(&universal.SessionUpdatedData{Title: l.Name})
	}
	return nil
}

func (c *converter) threadClosed(th *thread, _ []byte) error {
	if c.isRoot(th) && !c.gone {
		c.gone = true
		close(c.unloaded)
	}
	return nil
}

// maxWarnings bounds the warnings that are remembered.
const maxWarnings = 64

// warning tells a notice, once: some come with every turn.
func (c *converter) warning(th *thread, params []byte) error {
	var l struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	c.tellWarning(th, l.Message)
	return nil
}

func (c *converter) tellWarning(th *thread, text string) {
	if c.warnings[text] {
		return
	}
	if len(c.warnings) < maxWarnings {
		c.warnings[text] = true
	}
	c.noticed++
	c.status(th, fmt.Sprintf("%s:warning:%d", c.start, c.noticed), "warning", text)
}

// warn is a warning that came without a line of the session's.
func (c *converter) warn(dst []universal.Event, text string) []universal.Event {
	from := len(dst)
	c.out = dst
	c.tellWarning(c.threadOf(c.root), text)
	dst, c.out = c.out, nil
	for i := from; i < len(dst); i++ {
		dst[i].Synthetic, dst[i].Source = true, universal.SourceDaemon
	}
	return dst
}

// Labels of the status items of a compaction.
const (
	compacting = "compacting"
	compacted  = "compacted"
)

func (c *converter) compactionStarted(it *item, _ json.RawMessage) error {
	c.emit(universal.TypeItemStarted, &universal.ItemData{Item: statusItem(it.thread, it.key, compacting, "", universal.StatusInProgress)})
	return nil
}

func (c *converter) compactionCompleted(it *item, _ json.RawMessage) error {
	c.status(it.thread, it.key, compacted, "")
	return nil
}

func (c *converter) reviewEntered(it *item, raw json.RawMessage) error {
	return c.review(it, "review began", raw)
}

func (c *converter) reviewExited(it *item, raw json.RawMessage) error {
	return c.review(it, "review ended", raw)
}

func (c *converter) review(it *item, label string, raw json.RawMessage) error {
	var l struct {
		Review string `json:"review"`
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.status(it.thread, it.key, label, l.Review)
	return nil
}

// reviewCompleted tells that a model decided on a permission instead of a
// person, as the user's own configuration can want it.
func (c *converter) reviewCompleted(th *thread, params []byte) error {
	var l struct {
		ReviewID string `json:"reviewId"`
		Review   struct {
			Status    string `json:"status"`
			Rationale string `json:"rationale"`
		} `json:"review"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	c.status(th, "review:"+l.ReviewID, "automatic review: "+l.Review.Status, l.Review.Rationale)
	return nil
}

// planUpdated is the agent's whole task list.
func (c *converter) planUpdated(th *thread, params []byte) error {
	var l struct {
		Plan []struct {
			Step   string `json:"step"`
			Status string `json:"status"`
		} `json:"plan"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	if !c.isRoot(th) {
		return nil // the list is the main agent's
	}
	entries := make([]universal.PlanEntry, len(l.Plan))
	for i, p := range l.Plan {
		entries[i] = universal.PlanEntry{Content: p.Step, Status: planStatus(p.Status)}
	}
	c.emit(universal.TypePlanUpdated, &universal.PlanData{Entries: entries})
	return nil
}

func planStatus(native string) universal.PlanStatus {
	switch native {
	case "inProgress", "in_progress":
		return universal.PlanInProgress
	case "completed":
		return universal.PlanCompleted
	}
	return universal.PlanPending
}
