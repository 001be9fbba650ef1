package rpc

import (
	"context"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Table returns the method set. It is the only place that says which methods
// exist.
func Table() []Method {
	return []Method{
		connRow("initialize", "Introduces client and server; expected first, not demanded.", (*conn).initialize),
		callRow("health", "GET", "/v1/health", "Says that the server is there.", health),

		callRow("agents/list", "GET", "/v1/agents", "Lists the agents, installed or not, and what they can do.", agentsList),
		callRow("agents/install", "POST", "/v1/agents/{agent}/install", "Installs an agent; answered when it can be used.", agentsInstall),
		callRow("agents/modes", "GET", "/v1/agents/{agent}/modes", "Lists an agent's modes.", agentsModes),
		callRow("agents/models", "GET", "/v1/agents/{agent}/models", "Lists the models that an agent can be asked for.", agentsModels),

		callRow("sessions/list", "GET", "/v1/sessions", "Lists sessions, the newest first.", sessionsList),
		alsoAt("/v1/sessions", inOrder(callRow("sessions/create", "POST", "/v1/sessions/{sessionId}", "Makes a session and starts its agent.", sessionsCreate))),
		inOrder(callRow("sessions/get", "GET", "/v1/sessions/{sessionId}", "Describes a session, with all that waits for a person.", sessionsGet)),
		inOrder(callRow("sessions/update", "PATCH", "/v1/sessions/{sessionId}", "Changes model, variant, modes or title.", sessionsUpdate)),
		inOrder(callRow("sessions/sendMessage", "POST", "/v1/sessions/{sessionId}/messages", "Sends a message; answered at acceptance, never at the end of the turn.", sessionsSend)),
		inOrder(streamRow("sessions/sendMessageStream", "POST", "/v1/sessions/{sessionId}/messages/stream", "Sends a message and streams the events of its turn.", sessionsSendStream)),
		callRow("sessions/interrupt", "POST", "/v1/sessions/{sessionId}/interrupt", "Ends the running turn and keeps the session; answered once the turn has ended.", sessionsInterrupt),
		callRow("sessions/terminate", "POST", "/v1/sessions/{sessionId}/terminate", "Ends a session with its processes and keeps its events.", sessionsTerminate),
		callRow("sessions/delete", "DELETE", "/v1/sessions/{sessionId}", "Forgets a session; a live one is ended first.", sessionsDelete),
		inOrder(callRow("sessions/events", "GET", "/v1/sessions/{sessionId}/events", "Reads events that are there.", sessionsEvents)),
		alsoAt("/v1/sessions/sse", inOrder(streamRow("sessions/subscribe", "GET", "/v1/sessions/{sessionId}/events/sse", "Streams a session's events after an offset, without gap or repeat; without a session, changes of all sessions.", sessionsSubscribe))),
		connRow("sessions/unsubscribe", "Ends a subscription.", (*conn).unsubscribe),

		callRow("questions/reply", "POST", "/v1/sessions/{sessionId}/questions/{questionId}/reply", "Answers a question.", questionsReply),
		callRow("questions/reject", "POST", "/v1/sessions/{sessionId}/questions/{questionId}/reject", "Refuses a question.", questionsReject),
		callRow("permissions/reply", "POST", "/v1/sessions/{sessionId}/permissions/{permissionId}/reply", "Answers a permission request.", permissionsReply),

		callRow("fs/entries", "GET", "/v1/fs/entries", "Lists a directory.", fsEntries),
		callRow("fs/read", "GET", "/v1/fs/file", "Reads a file, or a piece of it.", fsRead),
		callRow("fs/write", "PUT", "/v1/fs/file", "Writes a file in one step; on stdio, with an offset, a piece of it.", fsWrite),
		callRow("fs/delete", "DELETE", "/v1/fs/entry", "Deletes a file or a directory.", fsDelete),
		callRow("fs/mkdir", "POST", "/v1/fs/mkdir", "Makes a directory, with all that leads to it.", fsMkdir),
		callRow("fs/move", "POST", "/v1/fs/move", "Moves a file or a directory.", fsMove),
		callRow("fs/stat", "GET", "/v1/fs/stat", "Describes a file or a directory.", fsStat),
		callRow("fs/upload", "POST", "/v1/fs/upload-batch", "Unpacks a tar or tar.gz archive into a directory, or refuses it whole.", fsUpload),

		standsFor("/v1/openrpc.json", "format", string(FormatOpenRPC),
			standsFor("/v1/openapi.json", "format", string(FormatOpenAPI),
				callRow("schema/get", "GET", "/v1/schema", "Gives the description of the API that other programs read: JSON Schema, OpenAPI or OpenRPC.", schemaGet))),

		connRow("shutdown", "Ends all sessions; the exit notification that follows ends the program.", (*conn).shutdown),
	}
}

func health(context.Context, *Server, *Empty) (HealthResult, error) {
	return HealthResult{Status: "ok"}, nil
}

func sessionsList(_ context.Context, s *Server, p *ListParams) (session.ListPage, error) {
	return s.sessions.ListInfo(p.Status, p.Limit, p.Cursor)
}

func sessionsCreate(ctx context.Context, s *Server, p *session.CreateOptions) (CreateResult, error) {
	created, err := s.sessions.Create(ctx, *p)
	if err != nil {
		return CreateResult{}, err
	}
	return CreateResult{
		Healthy: true, SessionID: created.ID(),
		NativeSessionID: string(created.Info(false).NativeSessionID),
	}, nil
}

func sessionsGet(_ context.Context, s *Server, p *SessionParams) (session.Info, error) {
	found, err := s.sessions.Get(p.SessionID)
	if err != nil {
		return session.Info{}, err
	}
	return found.Info(true), nil
}

// onSession finds a session and does something with it that has no result.
func onSession(s *Server, id string, do func(*session.Session) error) (Empty, error) {
	found, err := s.sessions.Get(id)
	if err != nil {
		return Empty{}, err
	}
	return Empty{}, do(found)
}

func sessionsUpdate(ctx context.Context, s *Server, p *UpdateParams) (Empty, error) {
	return onSession(s, p.SessionID, func(found *session.Session) error { return found.Update(ctx, p.UpdateOptions) })
}

func sessionsSend(_ context.Context, s *Server, p *SendParams) (session.SendResult, error) {
	found, err := s.sessions.Get(p.SessionID)
	if err != nil {
		return session.SendResult{}, err
	}
	return found.Send(p.MessageOptions)
}

func sessionsSendStream(_ context.Context, s *Server, p *SendStreamParams) (SendStreamResult, Feed, error) {
	if p.Until == "" {
		p.Until = session.UntilInput
	}
	if p.Until != session.UntilInput && p.Until != session.UntilTurn {
		return SendStreamResult{}, nil, universal.InvalidRequest("until is %q; choose input or turn", p.Until)
	}
	found, err := s.sessions.Get(p.SessionID)
	if err != nil {
		return SendStreamResult{}, nil, err
	}
	sent, err := found.Send(p.MessageOptions)
	if err != nil {
		return SendStreamResult{}, nil, err
	}
	return SendStreamResult{SendResult: sent}, turnFeed(found, found.ReadTurn(sent, p.Until), p.IncludeRaw), nil
}

func sessionsInterrupt(ctx context.Context, s *Server, p *InterruptParams) (Empty, error) {
	return onSession(s, p.SessionID, func(found *session.Session) error { return found.Interrupt(ctx, p.InterruptOptions) })
}

func sessionsTerminate(ctx context.Context, s *Server, p *SessionParams) (Empty, error) {
	return onSession(s, p.SessionID, func(found *session.Session) error { return found.Terminate(ctx) })
}

func sessionsDelete(ctx context.Context, s *Server, p *SessionParams) (Empty, error) {
	return Empty{}, s.sessions.Delete(ctx, p.SessionID)
}

func sessionsEvents(_ context.Context, s *Server, p *EventsParams) (EventsResult, error) {
	limit := -1
	if p.Limit != nil {
		if limit = *p.Limit; limit < 0 {
			return EventsResult{}, universal.InvalidRequest("limit is negative")
		}
	}
	found, err := s.sessions.Get(p.SessionID)
	if err != nil {
		return EventsResult{}, err
	}
	page, err := found.Events(p.Offset, limit)
	if err != nil {
		return EventsResult{}, err
	}
	return EventsResult{Events: EncodedEvents{records: page.Events, raw: p.IncludeRaw}, HasMore: page.HasMore}, nil
}

func sessionsSubscribe(_ context.Context, s *Server, p *SubscribeParams) (SubscribeResult, Feed, error) {
	if p.SessionID == "" {
		return SubscribeResult{}, watchFeed(s.sessions), nil
	}
	found, err := s.sessions.Get(p.SessionID)
	if err != nil {
		return SubscribeResult{}, nil, err
	}
	return SubscribeResult{}, eventFeed(found, p.Offset, p.IncludeRaw), nil
}

func questionsReply(ctx context.Context, s *Server, p *QuestionReplyParams) (Empty, error) {
	if p.Answers == nil {
		p.Answers = [][]string{}
	}
	return onSession(s, p.SessionID, func(found *session.Session) error {
		return found.ReplyQuestion(ctx, p.QuestionID, drivers.QuestionReply{Answers: p.Answers})
	})
}

func questionsReject(ctx context.Context, s *Server, p *QuestionRejectParams) (Empty, error) {
	return onSession(s, p.SessionID, func(found *session.Session) error {
		return found.ReplyQuestion(ctx, p.QuestionID, drivers.QuestionReply{Message: p.Message})
	})
}

func permissionsReply(ctx context.Context, s *Server, p *PermissionReplyParams) (Empty, error) {
	return onSession(s, p.SessionID, func(found *session.Session) error {
		return found.ReplyPermission(ctx, p.PermissionID, drivers.PermissionReply{Decision: p.Reply, Message: p.Message})
	})
}
