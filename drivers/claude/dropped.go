package claude

// dropped is the one list of what the CLI sends and the converter knowingly
// makes nothing of, by "type" or "type/subtype", each with its reason. What is
// neither here nor understood becomes agent.unparsed.
var dropped = []struct{ kind, reason string }{
	{"keep_alive", "says nothing"},
	{"tool_progress", "a heartbeat of a call that is known to run"},
	{"tool_use_summary", "sums up calls that were told one by one"},
	{"prompt_suggestion", "guesses what the person types next; made for a terminal"},
	{"system/thinking_tokens", "an estimate of what the message's usage tells exactly"},
	{"system/task_progress", "repeats what the sub-agent's own lines tell"},
	{"system/session_state_changed", "follows from turns and requests"},
	{"system/permission_denied", "the call's result tells it"},
	{"system/model_refusal_no_fallback", "the refusal comes as an error, with its text"},
	{"system/hook_started", "hooks are the user's own affair"},
	{"system/hook_progress", "hooks are the user's own affair"},
	{"system/hook_response", "hooks are the user's own affair"},
	{"system/plugin_install", "the CLI's own housekeeping"},
	{"system/files_persisted", "the CLI's own housekeeping"},
	{"system/memory_recall", "context for the model"},
	{"system/elicitation_complete", "the answer was ours"},
	{"system/notification", "made for a terminal"},
	{"user/text", "context for the model: summaries, continuations, replays, the prompts of sub-agents, interrupt marks"},
	{"stream_event/ping", "says nothing"},
	{"stream_event/signature_delta", "proves a thought to the model's API, to nobody else"},
	{"stream_event/citations_delta", "the finished block has it"},
	{"stream_event/compaction_delta", "the compaction is told by status lines"},
}

func isDropped(kind string) bool {
	for _, d := range dropped {
		if d.kind == kind {
			return true
		}
	}
	return false
}
