"""Where each method is over HTTP, the path with the most params first."""

# Made by scripts/generate.py; changes belong there.

ROUTES: dict[str, tuple[str, tuple[str, ...]]] = {
    "agents/install": ("POST", ("/v1/agents/{agent}/install",)),
    "agents/list": ("GET", ("/v1/agents",)),
    "agents/models": ("GET", ("/v1/agents/{agent}/models",)),
    "agents/modes": ("GET", ("/v1/agents/{agent}/modes",)),
    "fs/delete": ("DELETE", ("/v1/fs/entry",)),
    "fs/entries": ("GET", ("/v1/fs/entries",)),
    "fs/mkdir": ("POST", ("/v1/fs/mkdir",)),
    "fs/move": ("POST", ("/v1/fs/move",)),
    "fs/read": ("GET", ("/v1/fs/file",)),
    "fs/stat": ("GET", ("/v1/fs/stat",)),
    "fs/upload": ("POST", ("/v1/fs/upload-batch",)),
    "fs/write": ("PUT", ("/v1/fs/file",)),
    "health": ("GET", ("/v1/health",)),
    "permissions/reply": ("POST", ("/v1/sessions/{sessionId}/permissions/{permissionId}/reply",)),
    "questions/reject": ("POST", ("/v1/sessions/{sessionId}/questions/{questionId}/reject",)),
    "questions/reply": ("POST", ("/v1/sessions/{sessionId}/questions/{questionId}/reply",)),
    "schema/get": ("GET", ("/v1/schema",)),
    "sessions/create": ("POST", ("/v1/sessions/{sessionId}", "/v1/sessions")),
    "sessions/delete": ("DELETE", ("/v1/sessions/{sessionId}",)),
    "sessions/events": ("GET", ("/v1/sessions/{sessionId}/events",)),
    "sessions/get": ("GET", ("/v1/sessions/{sessionId}",)),
    "sessions/interrupt": ("POST", ("/v1/sessions/{sessionId}/interrupt",)),
    "sessions/list": ("GET", ("/v1/sessions",)),
    "sessions/sendMessage": ("POST", ("/v1/sessions/{sessionId}/messages",)),
    "sessions/sendMessageStream": ("POST", ("/v1/sessions/{sessionId}/messages/stream",)),
    "sessions/subscribe": ("GET", ("/v1/sessions/{sessionId}/events/sse", "/v1/sessions/sse")),
    "sessions/terminate": ("POST", ("/v1/sessions/{sessionId}/terminate",)),
    "sessions/update": ("PATCH", ("/v1/sessions/{sessionId}",)),
}
