package drivers

import "context"

// ModeLister is a [Driver] whose agent may have further modes than its Info
// tells, since users can configure some. A session may ask for any of them;
// Check refuses those that there aren't.
type ModeLister interface {
	ListModes(ctx context.Context) ([]Mode, error)
}

// AnswerChecker is a [Session] whose agent takes only some answers, such as a
// number. CheckAnswers says what is wrong with one, before it is recorded and
// before ReplyQuestion is called with it; the error is a *universal.Error.
type AnswerChecker interface {
	CheckAnswers(id string, reply QuestionReply) error
}

// ServerReporter is a [Driver] whose sessions share a server.
type ServerReporter interface {
	ServerStatus() ServerStatus
}

// ServerStatus tells of an agent's server, or of all of them where sessions
// can't share one. One that is stopped and says nothing else was never needed.
type ServerStatus struct {
	Status ServerState `json:"status"`
	// BaseURL is where a server that speaks HTTP listens.
	BaseURL string `json:"baseUrl,omitempty"`
	// UptimeMS is for how many milliseconds it has been running, if it is.
	UptimeMS *int64 `json:"uptimeMs,omitempty"`
	// RestartCount is how often a server that had died was started again.
	RestartCount int    `json:"restartCount"`
	LastError    string `json:"lastError,omitempty"`
}

// ServerState is whether a server runs.
type ServerState string

const (
	ServerRunning ServerState = "running"
	ServerStopped ServerState = "stopped" // it starts when it is needed
	ServerError   ServerState = "error"   // it did not start, or died
)
