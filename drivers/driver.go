// Package drivers says what the bridge needs of a coding agent: a [Driver]
// knows an agent and starts it, a [Session] is one conversation with it, a
// [Sink] takes what it says.
//
// A driver translates and nothing else. It never sees a client; it keeps no
// event; ids, sequence numbers, times, turn ids, the user's own messages and
// the closing of whatever the agent left open are the receiver's business.
// What an agent can do is data ([Capabilities]), not methods that fail.
//
// An item's ItemID, as a driver emits it, is a key of the driver's choice; the
// receiver replaces it, and every reference to it, by the id that clients see.
// These keys, the ids of calls and those of requests are unique in their
// session, restarts of the agent included.
//
// A driver may emit turn.started for a turn that the agent begins by itself,
// with its turn.ended, and session.ended when the agent is through; for a
// request, resolved means that the agent withdrew it. What a person answers
// or changes, the receiver records.
package drivers

import (
	"context"
	"errors"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// ErrNotTaken tells that a message certainly did not reach the agent, which had
// ended: nothing can come of it, and the next start of the agent can have it.
var ErrNotTaken = errors.New("the agent had ended before it got the message")

// Driver knows one kind of agent. It is safe for concurrent use.
type Driver interface {
	// Info describes the agent; it never changes and costs nothing.
	Info() Info
	// Probe looks whether and where the agent is installed and logged in,
	// without spending a token. It never fails: what is wrong is in Probe.
	Probe(ctx context.Context) Probe
	// Models lists the models that can be asked for.
	Models(ctx context.Context) (Models, error)
	// Check says what is wrong with a configuration, as a *universal.Error,
	// without starting or changing anything.
	Check(ctx context.Context, cfg *Config) error
	// Start begins or resumes a conversation and returns once the agent is
	// ready for a message. The context bounds the start only. When Start
	// fails, nothing is left running and the sink is not called again.
	Start(ctx context.Context, cfg Config, sink Sink) (Session, error)
}

// Session is one running conversation. Its methods are safe for concurrent
// use; each returns once the agent has taken the request, not when it has
// carried it out.
type Session interface {
	// NativeID is the agent's own id of the conversation, "" while unknown.
	NativeID() string
	// Send hands the agent a message, which begins a turn; with Message.Steer
	// it joins the running one. The turn ends with a turn.ended event. The
	// error is [ErrNotTaken] when the agent had ended before it could get the
	// message; the sink is told the end then, if it wasn't yet.
	Send(ctx context.Context, msg Message) error
	// Interrupt ends the running turn: its commands die and the agent is
	// ready for the next message. The turn still ends with its event.
	Interrupt(ctx context.Context) error
	// ReplyPermission answers a permission.requested event.
	ReplyPermission(ctx context.Context, id string, reply PermissionReply) error
	// ReplyQuestion answers a question.requested event.
	ReplyQuestion(ctx context.Context, id string, reply QuestionReply) error
	// Update changes settings, at once or from the next turn on; only the
	// fields that are set. A wrong value is a *universal.Error.
	Update(ctx context.Context, change Settings) error
	// Close ends the agent and everything it started. It is idempotent; the
	// sink's Exit is called before it returns.
	Close(ctx context.Context) error
}

// Sink takes what a session has to say. Its methods are called by one
// goroutine at a time and may block for a short while, never for a client.
// They never call back into the session.
type Sink interface {
	// Emit takes events in order. Of each, the driver sets Type, Data, Raw
	// and, for what it makes up itself, Synthetic with Source; it may reuse
	// the slice and the bytes of Raw afterwards, but not the Data.
	Emit(events []universal.Event)
	// Background tells how many background tasks are running.
	Background(n int)
	// Exit tells that the agent is gone; nothing is emitted after it. It is
	// called exactly once for every started session.
	Exit(exit Exit)
}

// Exit is how an agent's process ended.
type Exit struct {
	Code   *int   // nil when a signal ended it or nobody knows
	Signal string // such as "killed"; "" when it exited
	Err    error  // what the driver knows beyond that; nil if nothing
	Stderr universal.Stderr
}

// Info describes an agent.
type Info struct {
	ID           string // as clients write it, such as "claude"
	Name         string // as a person reads it
	Capabilities Capabilities
	// Lacks says for each capability that is false, by its JSON name, why: in
	// one sentence, with the version of the agent that it holds for.
	Lacks map[string]string
	Modes []Mode // the first is the default
	// PermissionModes are those that the agent keeps by itself; the bridge
	// answers the agent's requests for the others.
	PermissionModes []PermissionMode
}

// Mode is a way an agent works, such as building or planning.
type Mode struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// Modes that every client can name.
const (
	ModeBuild = "build"
	ModePlan  = "plan"
)

// PermissionMode says which actions need a permission.
type PermissionMode string

const (
	PermissionDefault     PermissionMode = "default"     // the agent's own rules
	PermissionPlan        PermissionMode = "plan"        // nothing may be changed
	PermissionBypass      PermissionMode = "bypass"      // everything is allowed
	PermissionAcceptEdits PermissionMode = "acceptEdits" // file changes are allowed
)

// PermissionModes lists all of them.
func PermissionModes() []PermissionMode {
	return []PermissionMode{PermissionDefault, PermissionPlan, PermissionBypass, PermissionAcceptEdits}
}

// Login says whether credentials were found.
type Login string

const (
	LoginYes     Login = "yes"
	LoginNo      Login = "no"
	LoginUnknown Login = "unknown"
)

// Probe is what can be said about an agent on this machine.
type Probe struct {
	Installed bool
	Version   string
	Path      string
	Login     Login
	// LoginDetail says in words where the login comes from or how to get one.
	LoginDetail string
	// Problem says why the agent cannot be used, and what to do.
	Problem string
}

// Model is a model that can be asked for.
type Model struct {
	ID             string   `json:"id"`
	Name           string   `json:"name,omitempty"`
	Variants       []string `json:"variants,omitempty"`
	DefaultVariant string   `json:"defaultVariant,omitempty"`
}

// Models is the answer to which models there are.
type Models struct {
	Models       []Model `json:"models"`
	DefaultModel string  `json:"defaultModel,omitempty"`
}

// Settings are what can change while a session lives; "" leaves as it is.
type Settings struct {
	Model          string
	Variant        string
	AgentMode      string
	PermissionMode PermissionMode
	Title          string
}

// Config is all that a session is started with.
type Config struct {
	Settings
	SessionID string
	// Directory is the agent's working directory, absolute.
	Directory string
	// Env is added to the environment of this session's agent only. It never
	// appears in events or logs.
	Env map[string]string
	// Resume is the native id of a conversation to continue.
	Resume string
	// SystemPrompt is appended to the agent's own.
	SystemPrompt string
	MCP          map[string]MCPServer
	Skills       []SkillSource
}

// Message is what a person says to the agent.
type Message struct {
	Text        string
	Attachments []Attachment
	// Steer adds the message to the running turn instead of beginning one.
	Steer bool
}

// Attachment is a file, by path or by value.
type Attachment struct {
	Path     string // absolute; "" when Data is set
	Data     []byte
	Mime     string
	Filename string
}

// Decision is the answer to a permission request.
type Decision string

const (
	Once   Decision = "once"
	Always Decision = "always"
	Reject Decision = "reject"
)

// PermissionReply answers a permission request.
type PermissionReply struct {
	Decision Decision
	// Message is the text for the agent with a refusal; never empty then.
	Message string
}

// QuestionReply answers a question: Answers has one list of choices or free
// texts for each question; nil means that the person refused, with Message.
type QuestionReply struct {
	Answers [][]string
	Message string
}
