package mock

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// These commands go wrong, or end things.

func (t *turn) error() {
	t.emit(daemonEvent(universal.TypeError, &universal.ErrorData{
		Message: "Mock error event.", Code: "mock_error", Details: map[string]any{"mock": true}, Category: universal.CategoryModel,
	}))
	t.unparsed()
}

func (t *turn) unparsed() {
	ev := daemonEvent(universal.TypeUnparsed, &universal.UnparsedData{Error: "unsupported payload", Location: "mock.stream"})
	ev.Raw = json.RawMessage(`{"raw":"mock"}`)
	t.emit(ev)
}

// fail ends the turn with an error of a category, internal if it is unknown.
func (t *turn) fail() {
	category := universal.CategoryInternal
	for _, c := range []universal.ErrorCategory{
		universal.CategoryAuth, universal.CategoryRateLimit, universal.CategoryUsageLimit, universal.CategoryOverloaded,
		universal.CategoryContextLength, universal.CategoryNetwork, universal.CategoryModel,
	} {
		if strings.EqualFold(t.rest, string(c)) {
			category = c
		}
	}
	retryable := category == universal.CategoryRateLimit || category == universal.CategoryOverloaded || category == universal.CategoryNetwork
	t.emit(agentEvent(universal.TypeError, &universal.ErrorData{
		Message: "Mock failure: " + string(category), Code: "mock_failure", Category: category, Retryable: retryable,
	}))
	t.outcome.stop = universal.StopError
}

// stop ends the turn with a stop reason, end_turn if it is unknown.
func (t *turn) stop() {
	for _, reason := range []universal.StopReason{universal.StopMaxTokens, universal.StopMaxTurns, universal.StopRefusal} {
		if strings.EqualFold(t.rest, string(reason)) {
			t.outcome.stop = reason
		}
	}
	t.say("stop", "I stop here.")
}

// leaveOpen opens one of everything and closes nothing.
func (t *turn) leaveOpen() {
	it := t.message("open")
	t.emit(started(it))
	t.emit(t.delta(it, "This is not"))
	t.call("open_call", universal.ToolCallPart{Name: "Bash", Arguments: `{"command":"sleep 300"}`, CallID: t.key("open_call"), ToolKind: universal.ToolExecute, Title: "sleep 300"})
	t.commandPermission("ls")
	t.ask(newQuestion(t.key("question"), choice("Proceed?", "Yes", "No")))
}

// crash dies with everything open: of a signal or, with a number, with that
// exit code.
func (t *turn) crash() {
	t.leaveOpen()
	t.outcome.crash = &drivers.Exit{
		Signal: "segmentation fault",
		Stderr: universal.Stderr{Head: "mock: crash was asked for\n", TotalLines: 1},
	}
	if code, err := strconv.Atoi(t.rest); err == nil {
		t.outcome.crash.Code, t.outcome.crash.Signal = &code, ""
	}
}

func (t *turn) poison() {
	n := t.number(0, 1, 1000)
	t.session.driver.memory.poison(t.session.talk, n)
	t.say("poison", "The next "+strconv.Itoa(n)+" resumes of this conversation fail.")
}

func (t *turn) end() { t.outcome.over = true }
