package amp

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// trouble is what the CLI says about a failure: a sentence, and in the
// JavaScript builds before it the status of the model's API and its answer.
type trouble struct {
	text   string
	status int    // of HTTP; 0 while unknown
	kind   string // of the model's API: overloaded_error, ...
}

var statusForm = regexp.MustCompile(`^([45]\d\d) (\{.*)$`)

func readTrouble(text string) trouble {
	t := trouble{text: text}
	m := statusForm.FindStringSubmatch(text)
	if m == nil {
		return t
	}
	var body struct {
		Error struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal([]byte(m[2]), &body) != nil {
		return t
	}
	t.status, _ = strconv.Atoi(m[1])
	t.kind = body.Error.Type
	if body.Error.Message != "" {
		t.text = body.Error.Message
	}
	return t
}

// phrases are what the CLI and its service say about failures, in lower case.
// They are looked for in the sentences of errors only, never in what the model
// says.
var phrases = []struct {
	phrase   string
	category universal.ErrorCategory
}{
	{"unauthorized", universal.CategoryAuth},
	{"api key", universal.CategoryAuth},
	{"access token", universal.CategoryAuth},
	{"amp login", universal.CategoryAuth},
	{"user not found", universal.CategoryAuth},
	{"authentication", universal.CategoryAuth},
	{"not logged in", universal.CategoryAuth},
	{"credit", universal.CategoryUsageLimit},
	{"billing", universal.CategoryUsageLimit},
	{"payment", universal.CategoryUsageLimit},
	{"spending limit", universal.CategoryUsageLimit},
	{"usage limit", universal.CategoryUsageLimit},
	{"quota", universal.CategoryUsageLimit},
	{"rate limit", universal.CategoryRateLimit},
	{"too many requests", universal.CategoryRateLimit},
	{"slow down", universal.CategoryRateLimit},
	{"overloaded", universal.CategoryOverloaded},
	{"context limit", universal.CategoryContextLength},
	{"context window", universal.CategoryContextLength},
	{"prompt is too long", universal.CategoryContextLength},
	{"couldn't connect", universal.CategoryNetwork},
	{"fetch failed", universal.CategoryNetwork},
	{"econn", universal.CategoryNetwork},
	{"network", universal.CategoryNetwork},
	{"terminated", universal.CategoryNetwork}, // a stream that was cut
	{"timed out", universal.CategoryNetwork},
	{"timeout", universal.CategoryNetwork},
}

// categorize sorts a failure.
func (t *trouble) categorize() universal.ErrorCategory {
	switch t.kind {
	case "authentication_error", "permission_error":
		return universal.CategoryAuth
	case "billing_error":
		return universal.CategoryUsageLimit
	case "rate_limit_error":
		return universal.CategoryRateLimit
	case "overloaded_error":
		return universal.CategoryOverloaded
	}
	switch t.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return universal.CategoryAuth
	case http.StatusPaymentRequired:
		return universal.CategoryUsageLimit
	case http.StatusTooManyRequests:
		return universal.CategoryRateLimit
	}
	text := strings.ToLower(t.text)
	for _, p := range phrases {
		if strings.Contains(text, p.phrase) {
			return p.category
		}
	}
	return universal.CategoryModel
}

// retryable tells whether the same message may work later.
func (t *trouble) retryable(category universal.ErrorCategory) bool {
	switch category {
	case universal.CategoryRateLimit, universal.CategoryOverloaded, universal.CategoryNetwork:
		return true
	case universal.CategoryModel:
		return t.status == 0 || t.status >= http.StatusInternalServerError
	}
	return false
}

// errorDetails are the parts of a failure that have no field of their own.
type errorDetails struct {
	Status   int               `json:"status,omitempty"`
	Type     string            `json:"type,omitempty"`
	ExitCode *int              `json:"exitCode,omitempty"`
	Stderr   *universal.Stderr `json:"stderr,omitempty"`
}

// failure is a failure that the CLI told as the end of a turn.
func failure(text string) *universal.ErrorData {
	t := readTrouble(text)
	category := t.categorize()
	d := &universal.ErrorData{
		Message:   cmp.Or(t.text, "the turn failed"),
		Code:      universal.NullString(t.kind),
		Category:  category,
		Retryable: t.retryable(category),
	}
	if t.status != 0 || t.kind != "" {
		d.Details = errorDetails{Status: t.status, Type: t.kind}
	}
	return d
}

// known beginnings of what the CLI says on stderr instead of starting a turn.
const (
	unknownThread  = "does not exist"
	invalidThread  = "Invalid thread"
	archivedThread = "is archived"
	openThread     = "already open and active"
)

// startFailure is a failure of the CLI before its turn began.
func startFailure(code *int, stderr universal.Stderr) *universal.ErrorData {
	said := withoutControls(stderr.Head)
	said = strings.TrimSpace(strings.TrimPrefix(said, "Error: "))
	d := failure(oneline.Text(said))
	d.Details = errorDetails{ExitCode: code, Stderr: &stderr}
	switch {
	case said == "":
		// This is how January's builds tell that they can't reach the service.
		d.Message = "amp ended without a word; is Amp's service reachable from here?"
		d.Category, d.Retryable = universal.CategoryNetwork, true
	case strings.Contains(said, openThread):
		d.Code, d.Category, d.Retryable = "thread_open", universal.CategoryInternal, true
		d.Message += " Close it there, or start a new session."
	case strings.Contains(said, archivedThread):
		d.Code, d.Category, d.Retryable = "thread_archived", universal.CategoryInternal, false
		d.Message += " Unarchive it on Amp's site, or start a new session."
	case strings.Contains(said, unknownThread), strings.Contains(said, invalidThread):
		d.Code, d.Category, d.Retryable = "unknown_conversation", universal.CategoryInternal, false
		d.Message += " Start a new session, or resume another thread."
	case d.Category == universal.CategoryAuth:
		d.Message += " Set AMP_API_KEY, or run amp login."
	case d.Category == universal.CategoryModel:
		d.Category = universal.CategoryInternal // no model was asked yet
	}
	return d
}
