package amp

// dropped is the one list of what the CLI sends and the converter knowingly
// makes nothing of, each with its reason. What is neither here nor understood
// becomes agent.unparsed.
var dropped = []struct{ kind, reason string }{
	{"user/text", "the person's own message, which is known"},
	{"user/image", "the person's own message, which is known"},
}

func isDropped(kind string) bool {
	for _, d := range dropped {
		if d.kind == kind {
			return true
		}
	}
	return false
}
