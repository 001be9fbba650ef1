package claude

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// trouble is what the CLI says about a failure.
type trouble struct {
	category string // the CLI's own: rate_limit, server_error, ...
	status   *int   // of HTTP
	apiType  string // of the Messages API: overloaded_error, ...
	exact    string // the CLI's finer one: usage_limit_reached, ...
	text     string
	terminal string // the result's terminal_reason
}

// categorize sorts a failure, and tells whether the same message may work
// later.
func (t *trouble) categorize() (category universal.ErrorCategory, retryable bool) {
	switch t.category {
	case "authentication_failed", "oauth_org_not_allowed", "account_on_hold", "verification_required", "cloud_credential_error":
		return universal.CategoryAuth, false
	case "billing_error":
		return universal.CategoryUsageLimit, false
	case "rate_limit":
		if t.exact == "usage_limit_reached" { // the plan's, not the API's
			return universal.CategoryUsageLimit, true
		}
		return universal.CategoryRateLimit, true
	case "overloaded":
		return universal.CategoryOverloaded, true
	case "server_error":
		if t.apiType == "overloaded_error" || t.is(529) {
			return universal.CategoryOverloaded, true
		}
		return universal.CategoryModel, true
	case "max_output_tokens", "model_not_found":
		return universal.CategoryModel, false
	}
	switch {
	case t.terminal == "prompt_too_long" || strings.HasPrefix(t.text, "Prompt is too long"):
		return universal.CategoryContextLength, false
	case t.terminal == "budget_exhausted":
		return universal.CategoryUsageLimit, false
	case t.is(http.StatusUnauthorized) || t.is(http.StatusForbidden):
		return universal.CategoryAuth, false
	case t.is(http.StatusTooManyRequests):
		return universal.CategoryRateLimit, true
	case t.status != nil && *t.status >= 500:
		return universal.CategoryModel, true
	case t.status != nil || t.category == "invalid_request":
		return universal.CategoryModel, false
	case t.category == "unknown":
		// Without an answer of the API it was the way to it, such as a stream
		// that was cut.
		return universal.CategoryNetwork, true
	}
	return universal.CategoryInternal, false
}

func (t *trouble) is(status int) bool { return t.status != nil && *t.status == status }

// errorDetails are the parts of a failure that have no field of their own.
type errorDetails struct {
	Status     *int   `json:"status,omitempty"`
	Type       string `json:"type,omitempty"`
	Attempt    int    `json:"attempt,omitempty"`
	MaxRetries int    `json:"max_retries,omitempty"`
	DelayMS    int64  `json:"retry_delay_ms,omitempty"`
}

func (t *trouble) event() *universal.ErrorData {
	category, retryable := t.categorize()
	d := &universal.ErrorData{
		Message:   t.text,
		Code:      universal.NullString(t.category),
		Category:  category,
		Retryable: retryable,
	}
	if t.status != nil || t.apiType != "" {
		d.Details = errorDetails{Status: t.status, Type: t.apiType}
	}
	return d
}

// messageError is the failure that an assistant line tells.
func messageError(l *assistantLine, blocks []contentBlock) *universal.ErrorData {
	var texts []string
	for _, b := range blocks {
		if b.Type == "text" {
			texts = append(texts, b.Text)
		}
	}
	t := trouble{category: l.Error, status: l.APIStatus, apiType: l.APIErrorType, exact: l.APIError, text: strings.Join(texts, "\n")}
	return t.event()
}

// resultError is the failure of a turn that no line before told.
func resultError(l *resultLine) *universal.ErrorData {
	t := trouble{status: l.APIStatus, apiType: l.APIErrorType, exact: l.APIError, text: l.Result, terminal: l.TerminalReason}
	if len(l.Errors) > 0 {
		t.text = strings.Join(l.Errors, "\n")
	}
	if t.text == "" {
		t.text = "the turn failed: " + l.Subtype
	}
	d := t.event()
	d.Code = universal.NullString(cmp.Or(l.APIError, l.APIErrorType, l.TerminalReason))
	if l.Subtype != "success" {
		d.Code = universal.NullString(l.Subtype)
	}
	return d
}

func (c *converter) retryLine(line []byte) error {
	var l struct {
		Attempt    int     `json:"attempt"`
		MaxRetries int     `json:"max_retries"`
		DelayMS    float64 `json:"retry_delay_ms"`
		Status     *int    `json:"error_status"`
		Error      string  `json:"error"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	t := trouble{category: l.Error, status: l.Status}
	t.text = "the model's API failed: " + l.Error
	if l.Status != nil {
		t.text += fmt.Sprintf(" (status %d)", *l.Status)
	}
	delay := time.Duration(l.DelayMS) * time.Millisecond
	t.text += fmt.Sprintf("; attempt %d of %d follows in %s", l.Attempt, l.MaxRetries, delay)
	d := t.event()
	d.Retryable, d.WillRetry = true, true
	d.Details = errorDetails{Status: l.Status, Attempt: l.Attempt, MaxRetries: l.MaxRetries, DelayMS: int64(l.DelayMS)}
	c.emit(universal.TypeError, d)
	return nil
}

// authLine tells of a login that is going on; only its failure matters here.
func (c *converter) authLine(line []byte) error {
	var l struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if l.Error != "" {
		t := trouble{category: "authentication_failed", text: l.Error}
		c.emit(universal.TypeError, t.event())
	}
	return nil
}

func (c *converter) writesLostLine([]byte) error {
	c.emit(universal.TypeError, &universal.ErrorData{
		Message:  "the agent could not store a part of the conversation; it may be missing after a resume",
		Code:     "session_writes_lost",
		Category: universal.CategoryInternal,
	})
	return nil
}

// rateLimitLine tells of the limits of the account's plan. The CLI sends it for
// subscriptions, when what it knows has changed.
func (c *converter) rateLimitLine(line []byte) error {
	var l struct {
		Info struct {
			Status      string   `json:"status"`
			ResetsAt    *float64 `json:"resetsAt"` // seconds since 1970
			Type        string   `json:"rateLimitType"`
			Utilization *float64 `json:"utilization"` // 0 to 1
		} `json:"rate_limit_info"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if l.Info.Status == "" {
		return fmt.Errorf("no status in rate_limit_info")
	}
	q := &universal.QuotaData{Kind: universal.QuotaUsageLimit, Status: l.Info.Status, Detail: l.Info.Type}
	if l.Info.Type == "overage" {
		q.Kind = universal.QuotaBilling
	}
	if l.Info.ResetsAt != nil && *l.Info.ResetsAt > 0 && *l.Info.ResetsAt < 1<<40 {
		at := time.Unix(int64(*l.Info.ResetsAt), 0).UTC()
		q.ResetsAt = &at
	}
	if l.Info.Utilization != nil {
		q.Detail = strings.TrimSpace(fmt.Sprintf("%s: %.0f%% used", l.Info.Type, 100**l.Info.Utilization))
	}
	c.emit(universal.TypeQuotaUpdated, q)
	return nil
}
