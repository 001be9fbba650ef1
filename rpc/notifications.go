package rpc

import (
	"reflect"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Notification is a message on stdio that has no answer.
type Notification struct {
	Name string
	Doc  string
	// Params is the Go type of what it carries.
	Params reflect.Type
	// FromClient tells who sends it: the client, or else the server.
	FromClient bool
}

// Notifications returns all of them, as [Table] does for the methods.
func Notifications() []Notification {
	return []Notification{
		notice[SessionEvent]("session/event", "An event of a subscription, in the order of the session's log."),
		notice[SessionChanged]("session/changed", "A session's new summary, for a subscription to all sessions."),
		notice[StreamEnded]("session/streamEnded", "The last notification of a subscription."),
		clientNotice[Empty]("exit", "Ends the program; after shutdown with exit code 0."),
		clientNotice[CancelParams]("$/cancelRequest", "Cancels a request, which is answered all the same; as LSP spells it."),
		clientNotice[CancelRequestParams]("$/cancel_request", "The same, as ACP spells it."),
		clientNotice[CancelRequestParams]("notifications/cancelled", "The same, as MCP spells it."),
	}
}

func notice[P any](name, doc string) Notification {
	return Notification{Name: name, Doc: doc, Params: reflect.TypeFor[P]()}
}

func clientNotice[P any](name, doc string) Notification {
	n := notice[P](name, doc)
	n.FromClient = true
	return n
}

// SessionEvent are the params of a session/event notification.
type SessionEvent struct {
	SubscriptionID string `json:"subscriptionId"`
	// Here it says only how an event looks: it is written as the log keeps it.

	Event *universal.Event `json:"event"`
}

// RequestID is the id of a request: a string or a whole number.
type RequestID any

// CancelParams name the request to cancel.
type CancelParams struct {
	ID RequestID `json:"id"`
}

// CancelRequestParams name the request to cancel.
type CancelRequestParams struct {
	RequestID RequestID `json:"requestId"`
}
