package universal

import (
	"errors"
	"fmt"
)

// ErrorKind is the stable name of an error; clients switch on it.
type ErrorKind string

const (
	KindInvalidRequest       ErrorKind = "invalid_request"
	KindParseError           ErrorKind = "parse_error"
	KindInvalidMessage       ErrorKind = "invalid_message"
	KindUnprocessable        ErrorKind = "unprocessable"
	KindNotFound             ErrorKind = "not_found"
	KindMethodNotAllowed     ErrorKind = "method_not_allowed"
	KindPayloadTooLarge      ErrorKind = "payload_too_large"
	KindUnsupportedMediaType ErrorKind = "unsupported_media_type"
	KindUnsupportedAgent     ErrorKind = "unsupported_agent"
	KindModeNotSupported     ErrorKind = "mode_not_supported"
	KindAgentNotInstalled    ErrorKind = "agent_not_installed"
	KindSessionNotFound      ErrorKind = "session_not_found"
	KindSessionAlreadyExists ErrorKind = "session_already_exists"
	KindSessionBusy          ErrorKind = "session_busy"
	KindSessionEnded         ErrorKind = "session_ended"
	KindTokenInvalid         ErrorKind = "token_invalid"
	KindPermissionDenied     ErrorKind = "permission_denied"
	KindInstallFailed        ErrorKind = "install_failed"
	KindAgentProcessExited   ErrorKind = "agent_process_exited"
	KindInternal             ErrorKind = "internal"
	KindStreamError          ErrorKind = "stream_error"
	KindTimeout              ErrorKind = "timeout"
	KindNotSupported         ErrorKind = "not_supported"
	KindRequestCancelled     ErrorKind = "request_cancelled"
)

// Error is an error that a client is told about. Detail is the whole sentence
// a person reads: what is wrong and what to do.
type Error struct {
	Kind      ErrorKind
	Detail    string
	Agent     string         // the agent it is about, if any
	SessionID string         // the session it is about, if any
	Details   map[string]any // further members, such as reason, exitCode, stderr
	Cause     error          // for errors.Is and the log; never shown
}

// Error returns the detail.
func (e *Error) Error() string { return e.Detail }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// With adds a member to Details and returns the error itself.
func (e *Error) With(name string, value any) *Error {
	if e.Details == nil {
		e.Details = map[string]any{}
	}
	e.Details[name] = value
	return e
}

// Because sets the cause and returns the error itself.
func (e *Error) Because(cause error) *Error {
	e.Cause = cause
	return e
}

// KindOf returns the kind of the first *Error in err's chain; KindInternal
// for any other error.
func KindOf(err error) ErrorKind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}

// Errorf makes an error of a kind; detail is its whole text.
func Errorf(kind ErrorKind, format string, args ...any) *Error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// InvalidRequest says that a request's content is wrong.
func InvalidRequest(format string, args ...any) *Error {
	return Errorf(KindInvalidRequest, "invalid request: "+format, args...)
}

// UnsupportedAgent says that there is no such agent.
func UnsupportedAgent(agent string) *Error {
	return &Error{Kind: KindUnsupportedAgent, Detail: "unsupported agent: " + agent, Agent: agent}
}

// AgentNotInstalled says that the agent's program was not found; hint tells
// where it was looked for and how to get it.
func AgentNotInstalled(agent, hint string) *Error {
	e := &Error{Kind: KindAgentNotInstalled, Detail: "agent not installed: " + agent, Agent: agent}
	return e.With("message", hint)
}

// ModeNotSupported says that the agent has no such mode.
func ModeNotSupported(agent, mode string) *Error {
	e := &Error{Kind: KindModeNotSupported, Detail: "mode not supported: " + agent + " " + mode, Agent: agent}
	return e.With("mode", mode)
}

// NotSupported says that this agent cannot do what was asked.
func NotSupported(agent, what string) *Error {
	return &Error{Kind: KindNotSupported, Detail: fmt.Sprintf("not supported: %s %s", agent, what), Agent: agent}
}

// SessionNotFound says that there is no such session.
func SessionNotFound(id string) *Error {
	return &Error{Kind: KindSessionNotFound, Detail: "session not found: " + id, SessionID: id}
}

// SessionAlreadyExists says that the id is taken.
func SessionAlreadyExists(id string) *Error {
	return &Error{Kind: KindSessionAlreadyExists, Detail: "session already exists: " + id, SessionID: id}
}

// SessionBusy says that a turn is running and the request did not want to wait.
func SessionBusy(id string) *Error {
	return &Error{Kind: KindSessionBusy, Detail: "session busy: " + id + " has a running turn; send with onBusy queue or interrupt, or wait for turn.ended", SessionID: id}
}

// SessionEnded says that the session is over; why is its end's reason.
func SessionEnded(id, why string) *Error {
	return &Error{Kind: KindSessionEnded, Detail: "session ended: " + id + ": " + why, SessionID: id}
}

// AgentProcessExited says that the agent's process ended when it was needed.
func AgentProcessExited(agent string, code *int, stderr string) *Error {
	e := &Error{Kind: KindAgentProcessExited, Detail: "agent process exited: " + agent, Agent: agent}
	if code != nil {
		e.With("exitCode", *code)
	}
	if stderr != "" {
		e.With("stderr", stderr)
	}
	return e
}

// Timeout says that something did not happen in time.
func Timeout(format string, args ...any) *Error {
	return Errorf(KindTimeout, "timeout: "+format, args...)
}
