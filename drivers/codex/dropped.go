package codex

import "strings"

// dropped is the one list of what Codex sends and the converter knowingly makes
// nothing of, by method or, for items, "item/<type>", each with its reason. A
// name that ends with "/" stands for all methods that begin so. What is neither
// here nor understood becomes agent.unparsed.
var dropped = []struct{ kind, reason string }{
	{"thread/started", "the answer to its start tells it"},
	{"thread/status/changed", "follows from turns and requests"},
	{"thread/readState/changed", "what a person has read, in a client of Codex's own"},
	{"thread/archived", "the user's housekeeping"},
	{"thread/unarchived", "the user's housekeeping"},
	{"thread/deleted", "the user's housekeeping"},
	{"thread/reverted", "nobody here reverts a thread"},
	{"thread/section/changed", "the user's housekeeping"},
	{"thread/attachment/updated", "the user's housekeeping"},
	{"thread/project/updated", "the user's housekeeping"},
	{"thread/goal/updated", "a note of the agent's to itself, whose calls are told"},
	{"thread/goal/cleared", "a note of the agent's to itself, whose calls are told"},
	{"thread/prediction/updated", "guesses what the person types next"},
	{"thread/queue/changed", "messages that wait in Codex; ours wait in the bridge"},
	{"thread/environment/connected", "Codex's own housekeeping"},
	{"thread/environment/disconnected", "Codex's own housekeeping"},
	{"thread/compacted", "the item of the compaction tells it"},
	{"thread/realtime/", "voice, which is never asked for"},
	{"project/changed", "the user's housekeeping"},
	{"hook/started", "its end tells it, if there is anything to tell"},
	{"item/autoApprovalReview/started", "its end tells it"},
	{"autoApprovalReview/strictReviewRequired", "the reviews are told"},
	{"item/reasoning/summaryPartAdded", "the next piece of text says to which part it belongs"},
	{"item/fileChange/outputDelta", "the finished item has it"},
	{"item/fileChange/patchUpdated", "the finished item has it"},
	{"turn/moderationMetadata", "for clients of the vendor's"},
	{"model/verification", "for clients of the vendor's"},
	{"model/safetyBuffering/updated", "for clients of the vendor's"},
	{"modelProvider/authRecoveryStarted", "its failure comes as an error"},
	{"modelProvider/authRecoveryCompleted", "its failure comes as an error"},
	{"configWarning", "about the user's configuration: it is logged"},
	{"deprecationNotice", "about our own requests"},
	{"remoteControl/status/changed", "control from elsewhere, which is never asked for"},
	{"account/updated", "no session's affair"},
	{"account/login/completed", "the answer to the login was waited for"},
	{"account/gatewayOAuth/changed", "no session's affair"},
	{"skills/changed", "they are listed when a session starts"},
	{"app/list/updated", "apps are switched off"},
	{"mcpServer/oauthLogin/completed", "no session's affair"},
	{"mcpServer/event/stream/notification", "for clients that asked for it"},
	{"externalAgentConfig/", "no session's affair"},
	{"windows/worldWritableWarning", "about the user's configuration"},
	{"windowsSandbox/setupCompleted", "about the user's configuration"},
	{"item/userMessage", "what the user said is known"},
	{"item/hookPrompt", "hooks are the user's own affair"},
	{"item/functionCallOutput", "context for the model that a client gave"},
}

func isDropped(kind string) bool {
	for _, d := range dropped {
		if d.kind == kind || strings.HasSuffix(d.kind, "/") && strings.HasPrefix(kind, d.kind) {
			return true
		}
	}
	return false
}
