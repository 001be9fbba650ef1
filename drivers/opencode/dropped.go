package opencode

import (
	"encoding/json"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/jsonscan"
)

// dropped is the one list of what the server says and the driver knowingly
// makes nothing of, by the type of the event, each with its reason. What is
// neither here nor understood becomes agent.unparsed.
var dropped = []struct{ kind, reason string }{
	{"sync", "a copy of an event, for the storage of other instances"},
	{"server.connected", "the stream's own line tells it"},
	{"server.heartbeat", "says nothing"},
	{"server.instance.disposed", "an instance starts again when it is needed"},
	{"global.disposed", "the server is about to be stopped"},
	{"plugin.added", "OpenCode's own housekeeping"},
	{"catalog.updated", "OpenCode's own housekeeping"},
	{"reference.updated", "OpenCode's own housekeeping"},
	{"integration.updated", "OpenCode's own housekeeping"},
	{"project.updated", "OpenCode's own housekeeping"},
	{"installation.updated", "OpenCode's own housekeeping"},
	{"installation.update-available", "made for a terminal"},
	{"models-dev.refreshed", "OpenCode's own housekeeping"},
	{"session.deleted", "nobody but another program deletes a session"},
	{"session.diff", "empty; the diff is asked for"},
	{"command.executed", "the session began it itself"},
	{"file.edited", "the call's result tells it"},
	{"file.watcher.updated", "tells of files that anybody changes"},
	{"lsp.updated", "OpenCode's own housekeeping"},
	{"lsp.client.diagnostics", "the call's result has what the model got"},
	{"mcp.tools.changed", "a call tells which tool it uses"},
	{"mcp.browser.open.failed", "the server's status tells it"},
	{"vcs.branch.updated", "nothing that a session does"},
	{"ide.installed", "made for a terminal"},
	{"part/step-start", "says only that a step begins"},
	{"part/patch", "the diff is asked for at the end of the turn"},
	{"part/snapshot", "OpenCode's own housekeeping"},
	{"part/retry", "the session's status tells it"},
	{"part/file", "of the user's message"},
	{"part/agent", "of the user's message"},
	{"part/subtask", "the call that carries it out tells it"},
}

// droppedFamilies are kinds by what they begin with.
var droppedFamilies = []struct{ prefix, reason string }{
	{"pty.", "terminals of the user's own"},
	{"tui.", "made for a terminal"},
	{"worktree.", "nothing that a session does"},
	{"workspace.", "nothing that a session does"},
	{"session.next.", "the second generation of what is told already"},
	{"permission.v2.", "the second generation of what is told already"},
	{"question.v2.", "the second generation of what is told already"},
}

func isDropped(kind string) bool {
	for _, d := range dropped {
		if d.kind == kind {
			return true
		}
	}
	for _, d := range droppedFamilies {
		if strings.HasPrefix(kind, d.prefix) {
			return true
		}
	}
	return false
}

// dropsEvent tells whether an event is dropped where it is read already.
func dropsEvent(text []byte) bool {
	var h head
	s := jsonscan.New(text)
	if !h.scan(text, &s) || !s.End() {
		var ev event
		if json.Unmarshal(text, &ev) != nil {
			return false
		}
		h.kind = ev.Payload.Type
	}
	return h.kind != deltaKind && isDropped(h.kind)
}
