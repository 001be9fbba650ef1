package opencode

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// nativeError is an error as OpenCode tells it. What else is in it, headers and
// bodies of the model's service, is nobody's business.
type nativeError struct {
	Name string `json:"name"`
	Data struct {
		Message    string `json:"message"`
		StatusCode *int   `json:"statusCode"`
		Retryable  bool   `json:"isRetryable"`
		ProviderID string `json:"providerID"`
	} `json:"data"`
}

func (e *nativeError) aborted() bool { return e.Name == "MessageAbortedError" }

// message is the error's text. Of errors inside OpenCode it goes on with a
// stack trace.
func (e *nativeError) message() string {
	text := e.Data.Message
	if at := strings.Index(text, "\n    at "); at >= 0 {
		text = text[:at]
	}
	text = cmp.Or(strings.TrimSpace(text), e.Name)
	if mentions(text, "no providers") { // OpenCode says no more
		text += "; " + loginHint
	}
	return text
}

// loginHint is what to do where OpenCode knows no provider of models.
const loginHint = "log in with opencode auth login, or set your provider's variable, such as ANTHROPIC_API_KEY"

// event is the error in our words.
func (e *nativeError) event() *universal.ErrorData {
	d := &universal.ErrorData{Message: e.message(), Code: universal.NullString(e.Name), Retryable: e.Data.Retryable}
	d.Category, d.Retryable = e.categorize()
	if e.Data.StatusCode != nil {
		d.Details = errorDetails{Status: e.Data.StatusCode}
	}
	return d
}

// errorDetails are the parts of a failure that have no field of their own.
type errorDetails struct {
	Status  *int `json:"status,omitempty"`
	Attempt int  `json:"attempt,omitempty"`
}

// categorize sorts a failure, and tells whether the same message may work
// later.
func (e *nativeError) categorize() (universal.ErrorCategory, bool) {
	switch e.Name {
	case "ProviderAuthError":
		return universal.CategoryAuth, false
	case "ContextOverflowError":
		return universal.CategoryContextLength, false
	case "ContentFilterError", "StructuredOutputError", "MessageOutputLengthError", "ProviderModelNotFoundError":
		return universal.CategoryModel, false
	}
	if status := e.Data.StatusCode; status != nil {
		return categoryOfStatus(*status, e.Data.Message, e.Data.Retryable)
	}
	if category := categoryOfText(e.Data.Message); category != "" {
		return category, e.Data.Retryable || category == universal.CategoryNetwork
	}
	if e.Name == "APIError" {
		return universal.CategoryModel, e.Data.Retryable
	}
	return universal.CategoryInternal, false
}

// statusOverloaded is what some services answer when they have too much to do.
const statusOverloaded = 529

func categoryOfStatus(status int, text string, retryable bool) (universal.ErrorCategory, bool) {
	switch {
	case status == http.StatusPaymentRequired || mentions(text, "credit", "quota", "billing"):
		return universal.CategoryUsageLimit, false
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return universal.CategoryAuth, false
	case status == http.StatusTooManyRequests:
		return universal.CategoryRateLimit, true
	case status == statusOverloaded || status == http.StatusServiceUnavailable || mentions(text, "overloaded"):
		return universal.CategoryOverloaded, true
	case status == http.StatusRequestEntityTooLarge:
		return universal.CategoryContextLength, false
	}
	return universal.CategoryModel, retryable || status >= http.StatusInternalServerError
}

// categoryOfText sorts what has no status: a retry, and what broke on the way to
// the model. "" is none.
func categoryOfText(text string) universal.ErrorCategory {
	switch {
	case mentions(text, "rate limit", "too many requests"):
		return universal.CategoryRateLimit
	case mentions(text, "overloaded", "unavailable"):
		return universal.CategoryOverloaded
	case mentions(text, "credit", "quota", "billing", "usage limit"):
		return universal.CategoryUsageLimit
	case mentions(text, "api key", "unauthorized", "no providers", "no provider"):
		return universal.CategoryAuth
	case mentions(text, "econn", "socket", "network", "connect", "fetch failed", "timed out", "terminated"):
		return universal.CategoryNetwork
	case mentions(text, "model not found"):
		return universal.CategoryModel
	}
	return ""
}

func mentions(text string, words ...string) bool {
	text = strings.ToLower(text)
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// retryError tells of a try that failed; another follows.
func retryError(attempt int, message string) *universal.ErrorData {
	category := categoryOfText(message)
	if category == "" {
		category = universal.CategoryModel
	}
	return &universal.ErrorData{
		Message:  fmt.Sprintf("the model's service failed: %s; attempt %d follows", message, attempt+1),
		Code:     "retry",
		Category: category, Retryable: true, WillRetry: true,
		Details: errorDetails{Attempt: attempt},
	}
}

// sessionError tells what went wrong. The turn's end is told apart from it.
func (c *converter) sessionError(h head) error {
	var p struct {
		Error *nativeError `json:"error"`
	}
	if err := json.Unmarshal(h.properties, &p); err != nil {
		return err
	}
	if p.Error == nil {
		return fmt.Errorf("session.error without an error")
	}
	own := h.session == c.root || h.session == ""
	if p.Error.aborted() {
		c.turn.interrupted = c.turn.interrupted || own && c.turn.active
		return nil
	}
	e := p.Error.event()
	e.WillRetry = p.Error.Name == "ContextOverflowError" && c.compacts
	t := &c.turn
	if !own || !t.active || t.ending {
		if t.failure == nil || !strings.HasPrefix(e.Message, t.failure.Message) {
			c.emit(universal.TypeError, e)
		}
		return nil
	}
	if t.failure == nil || !strings.Contains(e.Message, strings.TrimSuffix(t.failure.Message, ".")) {
		c.fail(e)
	}
	return nil
}
