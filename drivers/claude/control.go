package claude

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// The control requests that are made of the CLI. Each is {"subtype": ...} and
// its own fields.
type (
	interruptRequest struct {
		Subtype      string `json:"subtype"`
		CancelQueued bool   `json:"cancel_queued,omitempty"`
	}
	initializeRequest struct {
		Subtype string `json:"subtype"`
		// ForwardSubagentText wants texts and thoughts of sub-agents too. It
		// is asked for here since 2.1.197 refuses to start with the flag.
		ForwardSubagentText bool `json:"forwardSubagentText"`
		// AppendSystemPrompt is given here and not as an argument, which every
		// user of the machine could read and whose length is limited.
		AppendSystemPrompt string `json:"appendSystemPrompt,omitempty"`
	}
	stopTaskRequest struct {
		Subtype string `json:"subtype"`
		TaskID  string `json:"task_id"`
	}
	cancelMessageRequest struct {
		Subtype string `json:"subtype"`
		UUID    string `json:"message_uuid"`
	}
	setModelRequest struct {
		Subtype string `json:"subtype"`
		Model   string `json:"model"`
	}
	setModeRequest struct {
		Subtype string `json:"subtype"`
		Mode    string `json:"mode"`
	}
	flagSettings struct {
		EffortLevel string `json:"effortLevel"`
	}
	flagSettingsRequest struct {
		Subtype  string       `json:"subtype"`
		Settings flagSettings `json:"settings"`
	}
	renameRequest struct {
		Subtype string `json:"subtype"`
		Title   string `json:"title"`
	}
	mcpServersRequest struct {
		Subtype string               `json:"subtype"`
		Servers map[string]mcpServer `json:"servers"`
	}
)

// refusalError is the CLI's error answer to a control request.
type refusalError struct{ text, code string }

func (e *refusalError) Error() string { return e.text }

// errAgentGone tells that the agent ended before it answered.
var errAgentGone = errors.New("the agent ended before it answered")

// ask makes a control request and waits for the answer.
func (s *session) ask(ctx context.Context, request any) (json.RawMessage, error) {
	answer := make(chan controlResponse, 1)
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return nil, s.gone()
	}
	s.requests++
	id := "sandbox-agent-" + strconv.Itoa(s.requests)
	line, err := encodeLine(struct {
		Type      string `json:"type"`
		RequestID string `json:"request_id"`
		Request   any    `json:"request"`
	}{"control_request", id, request})
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	s.mu.Unlock()
	err = s.write(ctx, line, func() error {
		s.waiting[id] = answer
		s.conv.Outgoing(line)
		return nil
	})
	if err != nil {
		s.forget(id)
		return nil, err
	}
	select {
	case r, ok := <-answer:
		switch {
		case !ok:
			return nil, s.gone()
		case r.Subtype != "success":
			return nil, &refusalError{text: r.Error, code: r.ErrorCode}
		}
		return r.Response, nil
	case <-ctx.Done():
		s.forget(id)
		return nil, context.Cause(ctx)
	}
}

// forget gives up waiting for an answer. It may still come; the converter knows
// the request then and nobody takes it.
func (s *session) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, id)
}

// gone is the error of whatever needs an agent that has ended.
func (s *session) gone() error {
	exit := s.transport.Exit()
	return universal.AgentProcessExited(agentID, exit.Code, exit.Stderr.Head).Because(errAgentGone)
}

// respond answers a request of the CLI, once.
func (s *session) respond(ctx context.Context, what, id string, r *request, answer any) error {
	line, err := responseLine(r.id, answer)
	if err != nil {
		return fmt.Errorf("reply to %s: %w", what, err)
	}
	err = s.write(ctx, line, func() error {
		if s.conv.requests[r.id] != r {
			return notOpen(what, id)
		}
		s.conv.Outgoing(line)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reply to %s: %w", what, err)
	}
	return nil
}

type responseBody struct {
	Subtype   string `json:"subtype"`
	RequestID string `json:"request_id"`
	Response  any    `json:"response,omitempty"`
	Error     string `json:"error,omitempty"`
}

type responseMessage struct {
	Type     string       `json:"type"`
	Response responseBody `json:"response"`
}

func responseLine(id string, answer any) ([]byte, error) {
	return encodeLine(responseMessage{"control_response", responseBody{Subtype: "success", RequestID: id, Response: answer}})
}

// respondError refuses a request of the CLI.
func (s *session) respondError(ctx context.Context, id, text string) error {
	line, err := encodeLine(responseMessage{"control_response", responseBody{Subtype: "error", RequestID: id, Error: text}})
	if err != nil {
		return err
	}
	return s.write(ctx, line, func() error { return nil })
}
