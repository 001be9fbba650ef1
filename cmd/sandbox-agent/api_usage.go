package main

import "strings"

// paramUsages say what the flags of params mean. A param that means another
// thing to one method is there with the method's name before it.
var paramUsages = map[string]string{
	"agent":                          "the `AGENT`: claude, codex, opencode, amp or mock",
	"agentMode":                      "the agent's `MODE`; agents modes lists them (default: build)",
	"agentVersion":                   "the `VERSION` of the agent that the session needs (default: the one that is there)",
	"clientMessageId":                "an `ID` of your own: a second message with the same one does nothing",
	"cursor":                         "go on behind this `CURSOR` of the list before",
	"directory":                      "the agent's working directory, a `DIR` of the server's machine (default: the server's own)",
	"format":                         "`FORMAT` of the description: json-schema, openapi or openrpc (default: json-schema)",
	"includeRaw":                     "with the agents' own messages",
	"limit":                          "at most this `NUMBER` of events",
	"message":                        "the `TEXT` of the message",
	"model":                          "the `MODEL`; agents models lists them (default: the agent's own choice)",
	"offset":                         "the last sequence `NUMBER` that you have (default: 0, for all)",
	"onBusy":                         "what to do while a turn runs: queue, reject, interrupt or steer (default: queue), as a `WORD`",
	"overwrite":                      "replace what is at the new place",
	"path":                           "the `DIR` (default: where relative paths begin)",
	"permissionMode":                 "default, plan, acceptEdits or bypass, as a `MODE` (default: default)",
	"queue":                          "keep or drop the messages that wait, as a `WORD` (default: keep)",
	"recursive":                      "also delete a directory that is not empty",
	"reinstall":                      "fetch it once more although it is there",
	"reply":                          "once, always or reject, as a `WORD`",
	"resume":                         "the `ID` of a conversation of the agent's own to continue",
	"sessionId":                      "relative paths begin in the directory of the session with this `ID` (default: in the home of the server's user)",
	"status":                         "only sessions that are starting, idle, running, waiting or ended, as a `WORD`",
	"systemPrompt":                   "append this `TEXT` to the agent's own system prompt",
	"title":                          "the session's `TITLE`",
	"turnId":                         "only if the turn with this `ID` is running or waiting",
	"until":                          "end the stream where input is needed, or only at the end of the turn: input or turn, as a `WORD` (default: input)",
	"variant":                        "the model's `VARIANT`, such as an effort; agents models lists them",
	"sessions/list limit":            "at most this `NUMBER` of sessions (default: 0, for all)",
	"sessions/update agentMode":      "the agent's `MODE` from now on; agents modes lists them",
	"sessions/update model":          "the `MODEL` from now on; agents models lists them",
	"sessions/update permissionMode": "default, plan, acceptEdits or bypass from now on, as a `MODE`",
	"questions/reject message":       "a `TEXT` for the agent",
	"permissions/reply message":      "a `TEXT` for the agent with a refusal",
}

// usage is what a row's flag for a param means.
func (row apiRow) usage(param string) string {
	if own, ok := paramUsages[row.method+" "+param]; ok {
		return own
	}
	return paramUsages[param]
}

// placeholder is how a param is written where its value goes.
func placeholder(param string) string {
	return strings.ToUpper(strings.ReplaceAll(kebab(param), "-", "_"))
}
