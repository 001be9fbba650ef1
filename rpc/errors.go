package rpc

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/sandbox-agent/sandbox-agent/rpc/stdio"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// ErrorInfo is how an error kind looks from outside.
type ErrorInfo struct {
	Kind   universal.ErrorKind
	Code   int64  // on JSON-RPC
	Status int    // on HTTP; 0 where HTTP has no such thing
	Title  string // the same for every error of the kind
}

// errorTable is the one list of kinds and what they become. Codes -32000 to
// -32002 stay free: other protocols on the same pipes give them meanings.
var errorTable = []ErrorInfo{
	{universal.KindInvalidRequest, -32602, 400, "Invalid Request"},
	{universal.KindParseError, -32700, 400, "Parse Error"},
	{universal.KindInvalidMessage, -32600, 400, "Invalid Message"},
	{universal.KindUnprocessable, -32602, 422, "Unprocessable"},
	{universal.KindNotFound, -32601, 404, "Not Found"},
	{universal.KindMethodNotAllowed, -32600, 405, "Method Not Allowed"},
	{universal.KindPayloadTooLarge, -32600, 413, "Payload Too Large"},
	{universal.KindUnsupportedMediaType, -32600, 415, "Unsupported Media Type"},
	{universal.KindUnsupportedAgent, -32003, 400, "Unsupported Agent"},
	{universal.KindModeNotSupported, -32004, 400, "Mode Not Supported"},
	{universal.KindAgentNotInstalled, -32005, 404, "Agent Not Installed"},
	{universal.KindSessionNotFound, -32006, 404, "Session Not Found"},
	{universal.KindSessionAlreadyExists, -32007, 409, "Session Already Exists"},
	{universal.KindSessionBusy, -32008, 409, "Session Busy"},
	{universal.KindSessionEnded, -32009, 400, "Session Ended"},
	{universal.KindTokenInvalid, -32010, 401, "Token Invalid"},
	{universal.KindPermissionDenied, -32011, 403, "Permission Denied"},
	{universal.KindInstallFailed, -32012, 500, "Install Failed"},
	{universal.KindAgentProcessExited, -32013, 500, "Agent Process Exited"},
	{universal.KindInternal, -32603, 500, "Internal Error"},
	{universal.KindStreamError, -32014, 502, "Stream Error"},
	{universal.KindTimeout, -32015, 504, "Timeout"},
	{universal.KindNotSupported, -32016, 400, "Not Supported"},
	{universal.KindRequestCancelled, stdio.CodeRequestCancelled, 0, "Request Cancelled"},
}

// Errors returns the whole table.
func Errors() []ErrorInfo { return append([]ErrorInfo(nil), errorTable...) }

// LookupError returns the row of a kind; that of internal for an unknown one.
func LookupError(kind universal.ErrorKind) ErrorInfo {
	fallback := ErrorInfo{}
	for _, row := range errorTable {
		if row.Kind == kind {
			return row
		}
		if row.Kind == universal.KindInternal {
			fallback = row
		}
	}
	return fallback
}

// errorTypePrefix makes a problem's type of an error kind.
const errorTypePrefix = "urn:sandbox-agent:error:"

// Problem describes an error to a client: the error.data of JSON-RPC and the
// problem document (RFC 7807) of HTTP. Clients switch on Type.
type Problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status,omitempty"`
	Detail    string         `json:"detail"`
	Agent     string         `json:"agent,omitempty"`
	SessionID string         `json:"sessionId,omitempty"`
	Details   map[string]any `json:"details,omitempty"`
}

// Kind is the error kind that the problem's type names.
func (p *Problem) Kind() universal.ErrorKind {
	if len(p.Type) < len(errorTypePrefix) {
		return universal.KindInternal
	}
	return universal.ErrorKind(p.Type[len(errorTypePrefix):])
}

// ProblemOf describes any error. The text of one that is not a
// *universal.Error is shown as an internal error's.
func ProblemOf(err error) (Problem, ErrorInfo) {
	e := typed(err)
	info := LookupError(e.Kind)
	return Problem{
		Type:      errorTypePrefix + string(info.Kind),
		Title:     info.Title,
		Status:    info.Status,
		Detail:    e.Detail,
		Agent:     e.Agent,
		SessionID: e.SessionID,
		Details:   e.Details,
	}, info
}

// typed gives every error its kind.
func typed(err error) *universal.Error {
	if e, ok := errors.AsType[*universal.Error](err); ok {
		return e
	}
	for _, known := range []struct {
		is   error
		kind universal.ErrorKind
	}{
		{stdio.ErrParse, universal.KindParseError},
		{stdio.ErrTooLong, universal.KindPayloadTooLarge},
		{stdio.ErrInvalidMessage, universal.KindInvalidMessage},
		{stdio.ErrInvalidParams, universal.KindUnprocessable},
		{stdio.ErrTooManyRequests, universal.KindTimeout},
		{stdio.ErrCancelled, universal.KindRequestCancelled},
		{context.Canceled, universal.KindRequestCancelled},
		{context.DeadlineExceeded, universal.KindTimeout},
	} {
		if errors.Is(err, known.is) {
			return &universal.Error{Kind: known.kind, Detail: err.Error(), Cause: err}
		}
	}
	return &universal.Error{Kind: universal.KindInternal, Detail: "internal: " + err.Error(), Cause: err}
}

// rpcError is how an error is written on stdio.
func rpcError(err error) *jsonrpc2.Error {
	problem, info := ProblemOf(err)
	out := &jsonrpc2.Error{Code: info.Code, Message: problem.Detail}
	out.SetError(problem) // panics for what cannot be encoded, which a Problem's plain values can
	return out
}

// fromRPCError is an answer's error on the client's side, with its kind again.
func fromRPCError(err error) error {
	wire, ok := errors.AsType[*jsonrpc2.Error](err)
	if !ok {
		return err
	}
	var problem Problem
	if wire.Data == nil || json.Unmarshal(*wire.Data, &problem) != nil {
		return err
	}
	return &universal.Error{
		Kind: problem.Kind(), Detail: problem.Detail, Agent: problem.Agent,
		SessionID: problem.SessionID, Details: problem.Details, Cause: wire,
	}
}
