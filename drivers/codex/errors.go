package codex

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// failure is an error of Codex's, taken apart.
type failure struct {
	kind   string // its own short name, such as "usageLimitExceeded"
	status int    // of HTTP, 0 where there is none
	text   string
}

// read takes apart what Codex says: a word, or an object with one member that
// may hold a status.
func (e *nativeError) read() failure {
	f := failure{text: strings.TrimSpace(e.Message + "\n" + e.Details)}
	if json.Unmarshal(e.Info, &f.kind) == nil {
		return f
	}
	var object map[string]struct {
		Status *int `json:"httpStatusCode"`
	}
	if json.Unmarshal(e.Info, &object) == nil {
		for kind, details := range object {
			f.kind = kind
			if details.Status != nil {
				f.status = *details.Status
			}
		}
	}
	return f
}

// categorize sorts a failure, and tells whether the same message may work
// later.
func (f *failure) categorize() (category universal.ErrorCategory, retryable bool) {
	switch f.kind {
	case "unauthorized":
		return universal.CategoryAuth, false
	case "usageLimitExceeded", "sessionBudgetExceeded":
		return universal.CategoryUsageLimit, f.kind == "usageLimitExceeded"
	case "rateLimitExceeded", "tooManyDenials":
		return universal.CategoryRateLimit, f.kind == "rateLimitExceeded"
	case "serverOverloaded", "policyCapacityUnavailable", "flexUnavailable":
		return universal.CategoryOverloaded, true
	case "contextWindowExceeded":
		return universal.CategoryContextLength, false
	case "modelNotFound", "badRequest", "cyberPolicy", "misalignmentPolicyViolation":
		return universal.CategoryModel, false
	case "internalServerError":
		return universal.CategoryModel, true
	}
	switch {
	case f.status == http.StatusUnauthorized || f.status == http.StatusForbidden,
		strings.HasPrefix(f.text, "Missing environment variable"):
		return universal.CategoryAuth, false
	case f.status == http.StatusTooManyRequests:
		return universal.CategoryRateLimit, true
	case f.status == http.StatusServiceUnavailable:
		return universal.CategoryOverloaded, true
	case f.status >= http.StatusInternalServerError:
		return universal.CategoryModel, true
	case f.status >= http.StatusBadRequest:
		return universal.CategoryModel, false
	}
	if category, retryable, ok := f.categorizeText(); ok {
		return category, retryable
	}
	switch f.kind {
	case "httpConnectionFailed", "responseStreamConnectionFailed", "responseStreamDisconnected", "responseTooManyFailedAttempts":
		return universal.CategoryNetwork, true
	}
	return universal.CategoryModel, false
}

// categorizeText looks at the text, where the kind doesn't say enough.
func (f *failure) categorizeText() (category universal.ErrorCategory, retryable, ok bool) {
	for _, known := range []struct {
		text      string
		category  universal.ErrorCategory
		retryable bool
	}{
		{"status 401", universal.CategoryAuth, false},
		{"status 403", universal.CategoryAuth, false},
		{"status 429", universal.CategoryRateLimit, true},
		{"status 503", universal.CategoryOverloaded, true},
		{"status 5", universal.CategoryModel, true},
		{"Rate limit", universal.CategoryRateLimit, true},
		{"high demand", universal.CategoryModel, true}, // what Codex says of a status 500
		{"stream disconnected", universal.CategoryNetwork, true},
		{"stream closed", universal.CategoryNetwork, true},
		{"idle timeout", universal.CategoryNetwork, true},
		{"error sending request", universal.CategoryNetwork, true},
	} {
		if strings.Contains(f.text, known.text) {
			return known.category, known.retryable, true
		}
	}
	return "", false, false
}

// sentence is what a person reads of an error. Of a request that the model's
// service takes for wrong, Codex gives its whole answer.
func (e *nativeError) sentence() string {
	var body struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal([]byte(e.Message), &body) != nil {
		return e.Message
	}
	return cmp.Or(body.Error.Message, e.Message)
}

// errorDetails are the parts of a failure that have no field of their own.
type errorDetails struct {
	Status  int    `json:"status,omitempty"`
	Details string `json:"details,omitempty"`
}

func (e *nativeError) event() *universal.ErrorData {
	f := e.read()
	category, retryable := f.categorize()
	d := &universal.ErrorData{
		Message:   cmp.Or(e.sentence(), "the turn failed"),
		Code:      universal.NullString(f.kind),
		Category:  category,
		Retryable: retryable,
	}
	if f.status != 0 || e.Details != "" {
		d.Details = errorDetails{f.status, e.Details}
	}
	return d
}

// errorLine tells a failure. Of tries that follow one another for the same
// cause the first is told; the last one is told again by the turn's end.
func (c *converter) errorLine(th *thread, params []byte) error {
	var l struct {
		Error     nativeError `json:"error"`
		WillRetry bool        `json:"willRetry"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	d := l.Error.event()
	if !l.WillRetry {
		if c.isRoot(th) {
			c.turn.failed = true
		}
		c.emit(universal.TypeError, d)
		return nil
	}
	c.abandonTexts(th)
	if cause := string(d.Category) + string(d.Code); cause != c.turn.retry {
		c.turn.retry = cause
		d.WillRetry, d.Retryable = true, true
		if l.Error.Details != "" {
			d.Message += ": " + l.Error.Details
		}
		c.emit(universal.TypeError, d)
	}
	return nil
}

// retriesOver notes that a try has worked: the next failure is news.
func (c *converter) retriesOver(th *thread) {
	if c.isRoot(th) {
		c.turn.retry = ""
	}
}

// turnFailed says why a turn failed, and tells it unless an error line did.
func (c *converter) turnFailed(e *nativeError) universal.StopReason {
	if e == nil {
		e = &nativeError{}
	}
	if !c.turn.failed {
		c.emit(universal.TypeError, e.event())
	}
	switch kind := e.read().kind; {
	case strings.Contains(e.Message, "max_output_tokens"):
		return universal.StopMaxTokens
	case strings.Contains(e.Message, "content_filter"), kind == "cyberPolicy", kind == "misalignmentPolicyViolation":
		return universal.StopRefusal
	}
	return universal.StopError
}

// serverStatus tells of a tool server that doesn't start; the session goes on
// without it. Codex tries again when the first turn begins, and repeats itself.
func (c *converter) serverStatus(_ *thread, params []byte) error {
	var l struct {
		Name   string `json:"name"`
		Status string `json:"status"`
		Error  string `json:"error"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	if l.Status == "ready" {
		delete(c.failed, l.Name)
	}
	why := cmp.Or(l.Error, "nobody says why")
	if l.Status != "failed" || c.failed[l.Name] == why {
		return nil
	}
	c.failed[l.Name] = why
	c.emit(universal.TypeError, &universal.ErrorData{
		Message:  fmt.Sprintf("mcp server %s could not be started: %s", l.Name, why),
		Code:     "mcp_server_failed",
		Category: universal.CategoryInternal,
		Details:  map[string]string{"server": l.Name},
	})
	return nil
}

// limitWindow is how much of a limit of the account is used.
type limitWindow struct {
	Used     float64 `json:"usedPercent"`
	Minutes  int64   `json:"windowDurationMins"`
	ResetsAt *int64  `json:"resetsAt"` // seconds since 1970
}

// rateLimits tells the limits of the account, each when it has changed. Codex
// repeats them after each answer of the model.
func (c *converter) rateLimits(_ *thread, params []byte) error {
	var l struct {
		Limits struct {
			Name      string       `json:"limitName"`
			Primary   *limitWindow `json:"primary"`
			Secondary *limitWindow `json:"secondary"`
			Reached   string       `json:"rateLimitReachedType"`
			Credits   *struct {
				Has       bool   `json:"hasCredits"`
				Unlimited bool   `json:"unlimited"`
				Balance   string `json:"balance"`
			} `json:"credits"`
		} `json:"rateLimits"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	for _, w := range []*limitWindow{l.Limits.Primary, l.Limits.Secondary} {
		if w == nil {
			continue
		}
		q := &universal.QuotaData{Kind: universal.QuotaUsageLimit, Status: "allowed"}
		switch {
		case w.Used >= 100 || l.Limits.Reached != "":
			q.Status = "rejected"
		case w.Used >= 80:
			q.Status = "allowed_warning"
		}
		name := strings.TrimSpace(l.Limits.Name + " " + windowName(w.Minutes)) // a limit has several windows
		q.Detail = fmt.Sprintf("%s: %.0f%% used", name, w.Used)
		if w.ResetsAt != nil && *w.ResetsAt > 0 && *w.ResetsAt < 1<<40 {
			at := time.Unix(*w.ResetsAt, 0).UTC()
			q.ResetsAt = &at
		}
		c.tellQuota(name, q)
	}
	if k := l.Limits.Credits; k != nil && !k.Unlimited {
		q := &universal.QuotaData{Kind: universal.QuotaBilling, Status: "allowed", Detail: "credits: " + cmp.Or(k.Balance, "unknown")}
		if !k.Has {
			q.Status = "rejected"
		}
		c.tellQuota("credits", q)
	}
	return nil
}

func (c *converter) tellQuota(name string, q *universal.QuotaData) {
	if now := q.Status + q.Detail; c.quota[name] != now {
		c.quota[name] = now
		c.emit(universal.TypeQuotaUpdated, q)
	}
}

// windowName is how a person calls a span of minutes.
func windowName(minutes int64) string {
	switch {
	case minutes > 0 && minutes%(24*60) == 0:
		return fmt.Sprintf("%d days", minutes/(24*60))
	case minutes > 0 && minutes%60 == 0:
		return fmt.Sprintf("%d hours", minutes/60)
	case minutes > 0:
		return fmt.Sprintf("%d minutes", minutes)
	}
	return "limit"
}
