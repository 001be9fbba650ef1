package stdio

// cancelledID returns the id of the request that a notification cancels, in one of
// the three dialects in use: LSP's, ACP's and MCP's. ok says that the notification
// is of that kind; without a usable id it names a request that doesn't exist.
func cancelledID(m message) (cancelled id, ok bool) {
	var member string
	switch m.method {
	case "$/cancelRequest":
		member = "id"
	case "$/cancel_request", "notifications/cancelled":
		member = "requestId"
	default:
		return id{}, false
	}
	members(m.params, func(name, value []byte) bool {
		if string(name) == member {
			cancelled, _ = parseID(value)
		}
		return true
	})
	return cancelled, true
}
