// Generated from the exported schema urn:sandbox-agent:schema:1.1 by scripts/generate.mjs; do not edit.

/** Route is where a method is on HTTP. The first path whose values are given is taken. */
export interface Route {
  readonly verb: string;
  readonly paths: readonly string[];
}

/** routes are those of all methods that HTTP has. */
export const routes: Readonly<Record<string, Route>> = {
  "health": { verb: "GET", paths: ["/v1/health"] },
  "agents/list": { verb: "GET", paths: ["/v1/agents"] },
  "agents/install": { verb: "POST", paths: ["/v1/agents/{agent}/install"] },
  "agents/modes": { verb: "GET", paths: ["/v1/agents/{agent}/modes"] },
  "agents/models": { verb: "GET", paths: ["/v1/agents/{agent}/models"] },
  "sessions/list": { verb: "GET", paths: ["/v1/sessions"] },
  "sessions/create": { verb: "POST", paths: ["/v1/sessions/{sessionId}", "/v1/sessions"] },
  "sessions/get": { verb: "GET", paths: ["/v1/sessions/{sessionId}"] },
  "sessions/update": { verb: "PATCH", paths: ["/v1/sessions/{sessionId}"] },
  "sessions/sendMessage": { verb: "POST", paths: ["/v1/sessions/{sessionId}/messages"] },
  "sessions/sendMessageStream": { verb: "POST", paths: ["/v1/sessions/{sessionId}/messages/stream"] },
  "sessions/interrupt": { verb: "POST", paths: ["/v1/sessions/{sessionId}/interrupt"] },
  "sessions/terminate": { verb: "POST", paths: ["/v1/sessions/{sessionId}/terminate"] },
  "sessions/delete": { verb: "DELETE", paths: ["/v1/sessions/{sessionId}"] },
  "sessions/events": { verb: "GET", paths: ["/v1/sessions/{sessionId}/events"] },
  "sessions/subscribe": { verb: "GET", paths: ["/v1/sessions/{sessionId}/events/sse", "/v1/sessions/sse"] },
  "questions/reply": { verb: "POST", paths: ["/v1/sessions/{sessionId}/questions/{questionId}/reply"] },
  "questions/reject": { verb: "POST", paths: ["/v1/sessions/{sessionId}/questions/{questionId}/reject"] },
  "permissions/reply": { verb: "POST", paths: ["/v1/sessions/{sessionId}/permissions/{permissionId}/reply"] },
  "fs/entries": { verb: "GET", paths: ["/v1/fs/entries"] },
  "fs/read": { verb: "GET", paths: ["/v1/fs/file"] },
  "fs/write": { verb: "PUT", paths: ["/v1/fs/file"] },
  "fs/delete": { verb: "DELETE", paths: ["/v1/fs/entry"] },
  "fs/mkdir": { verb: "POST", paths: ["/v1/fs/mkdir"] },
  "fs/move": { verb: "POST", paths: ["/v1/fs/move"] },
  "fs/stat": { verb: "GET", paths: ["/v1/fs/stat"] },
  "fs/upload": { verb: "POST", paths: ["/v1/fs/upload-batch"] },
  "schema/get": { verb: "GET", paths: ["/v1/schema"] },
};
