package drivertest

// suite lists the cases, in the order of a session's life.
func suite() []testCase {
	return []testCase{
		{"info", "Info describes the agent completely, and the same way each time.", (*run).info},
		{"probe", "Probe finds the agent that New made startable, and returns even when its context is over.", (*run).probe},
		{"models", "Models have ids, each once, and the default is one of them.", (*run).models},
		{"check-good", "Check accepts a configuration that Start accepts, and leaves it as it is.", (*run).checkGood},
		{"check-modes", "Check and Start refuse modes that the agent does not have, with a typed error; nothing is started.", (*run).checkModes},
		{"check-unsupported", "Check refuses what the capability flags say the agent cannot do, as not_supported.", (*run).checkUnsupported},
		{"start-cancelled", "A Start whose context is over fails, leaves nothing running and never calls the sink.", (*run).startCancelled},
		{"start-cancelled-midway", "A Start whose context ends meanwhile either succeeds or leaves nothing and falls silent.", (*run).startCancelledMidway},

		{"text", "A message begins a turn that says something and ends with one turn.ended, stop_reason end_turn.", (*run).text},
		{"turns", "A session takes one message after the other; item keys are unique in the whole session.", (*run).turns},
		{"claims", "What a capability flag claims is shown in events when the agent is asked for it, and tools that it names work.", (*run).claims},
		{"background", "A background task is told to the sink, outlives its turn, and its items belong to the call that launched it.", (*run).backgroundTask},
		{"system-prompt", "The system prompt reaches the agent.", (*run).systemPrompt},
		{"attachment", "A file that is sent by value reaches the agent.", (*run).attachment},
		{"two-sessions", "Sessions of one driver are independent of each other and have native ids of their own.", (*run).twoSessions},
		{"update", "Update accepts the agent's own modes and models, refuses others with a typed error, and the session goes on.", (*run).update},

		{"permission-once", "A permission blocks its turn until it is answered; once lets the tool run and the turn end.", (*run).permissionOnce},
		{"permission-always", "Always lets the tool run, too; the offer says by rules what would be allowed.", (*run).permissionAlways},
		{"permission-reject", "A refusal's text reaches the agent, the tool does not run, and the turn goes on and ends well.", (*run).permissionReject},
		{"question-answer", "A question blocks its turn until it is answered, and the answers reach the agent.", (*run).questionAnswer},
		{"question-reject", "A refused answer's text reaches the agent, and the turn goes on and ends well.", (*run).questionReject},
		{"unknown-ids", "Replies to ids that were never asked, or are answered, are typed errors and change nothing.", (*run).unknownIDs},

		{"interrupt", "Interrupt ends the running turn as interrupted, and the next message works.", (*run).interrupt},
		{"interrupt-permission", "Interrupt ends a turn that waits for a permission; the request cannot be answered any more.", (*run).interruptPermission},
		{"interrupt-idle", "Interrupt does nothing when no turn runs, also not to the next turn.", (*run).interruptIdle},
		{"steer", "A steered message joins the running turn: the agent hears it, and the turn ends once.", (*run).steer},
		{"grease", "A message that nobody knows becomes agent.unparsed, with the message as raw, and ends nothing.", (*run).grease},

		{"close", "Close is idempotent and may be called at the same time from everywhere; Exit is told once, before it returns.", (*run).closeTwice},
		{"close-mid-turn", "Close ends a running turn's agent as well.", (*run).closeMidTurn},
		{"after-close", "After Close a message is an error, and no method panics or hangs.", (*run).afterClose},
		{"crash", "An agent that dies in mid-turn is told by Exit once, saying how; after it messages are errors and Close is harmless.", (*run).crash},
		{"resume", "A resumed conversation has its native id and remembers what was said.", (*run).resume},
		{"resume-after-crash", "A conversation whose agent has died can be resumed; only the message that it died of may be forgotten.", (*run).resumeAfterCrash},
	}
}
