package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const (
	// windowEvents is how many events wait for a reader. When it is slower,
	// the rest stays in the bridge's log and is read from there later.
	windowEvents = 4096
	// pageEvents is how many are read from the log at once.
	pageEvents = 1000
	// maxEarly bounds what is remembered about unknown subscriptions.
	maxEarly = 64
)

// ErrStreamEnded is wrapped by the error of [Subscription.Next] after the
// last event.
var ErrStreamEnded = errors.New("the stream of events has ended")

// Subscription is a session's events, from an offset on, each exactly once
// and in order. It belongs to one reader, however slow.
type Subscription struct {
	client     *Client
	sessionID  string
	includeRaw bool
	id         string
	offset     uint64            // last sequence number given to the reader
	page       []universal.Event // read from the log

	mu     sync.Mutex // guards all below
	window []json.RawMessage
	behind bool // there is more in the log than in the window
	ended  session.StreamEnd
	wake   chan struct{}
}

// Subscribe streams a session's events after an offset. Close ends it.
func (c *Client) Subscribe(ctx context.Context, sessionID string, offset uint64, includeRaw bool) (*Subscription, error) {
	s := &Subscription{
		client: c, sessionID: sessionID, includeRaw: includeRaw,
		offset: offset, behind: true, wake: make(chan struct{}, 1),
	}
	var r SubscribeResult
	err := c.Call(ctx, "sessions/subscribe", SubscribeParams{SessionID: sessionID, Offset: offset, IncludeRaw: includeRaw}, &r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.id = r.SubscriptionID
	s.ended = c.early[s.id]
	delete(c.early, s.id)
	c.subs[s.id] = s
	return s, nil
}

// Close ends the subscription.
func (s *Subscription) Close(ctx context.Context) error {
	s.client.mu.Lock()
	_, live := s.client.subs[s.id]
	delete(s.client.subs, s.id)
	s.client.mu.Unlock()
	if !live {
		return nil
	}
	err := s.client.Call(ctx, "sessions/unsubscribe", UnsubscribeParams{SubscriptionID: s.id}, nil)
	if universal.KindOf(err) == universal.KindInvalidRequest {
		return nil // it had just ended
	}
	return err
}

// notified takes every notification, in order. It never waits for a reader,
// since answers come the same way: what finds no room is read from the log.
func (c *Client) notified(method string, params json.RawMessage) {
	var p struct {
		SubscriptionID string            `json:"subscriptionId"`
		Event          json.RawMessage   `json:"event"`
		Reason         session.StreamEnd `json:"reason"`
	}
	if json.Unmarshal(params, &p) != nil {
		return
	}
	c.mu.Lock()
	s := c.subs[p.SubscriptionID]
	if p.Reason != "" {
		delete(c.subs, p.SubscriptionID)
		// What was unsubscribed had been told of before: nobody asks for it.
		if s == nil && p.Reason != session.EndUnsubscribed && len(c.early) < maxEarly {
			c.early[p.SubscriptionID] = p.Reason
		}
	}
	c.mu.Unlock()
	if s == nil {
		return
	}
	s.mu.Lock()
	switch {
	case p.Reason != "":
		s.ended = p.Reason
	case len(s.window) < windowEvents && !s.behind:
		s.window = append(s.window, p.Event)
	default:
		s.behind = true
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Next returns the next event; it waits for it. After the last one the error
// wraps ErrStreamEnded.
func (s *Subscription) Next(ctx context.Context) (*universal.Event, error) {
	for {
		over := s.client.isDone() // what has come by now is still given
		if len(s.page) > 0 {
			ev := &s.page[0]
			s.page = s.page[1:]
			if ev.Sequence <= s.offset {
				continue
			}
			s.offset = ev.Sequence
			return ev, nil
		}
		ev, behind, ended, err := s.takeLive()
		switch {
		case err != nil:
			return nil, err
		case ev != nil:
			return ev, nil
		case behind && !over:
			if err := s.readPage(ctx); err != nil {
				return nil, err
			}
			continue
		case ended != "":
			return nil, errors.Join(ErrStreamEnded, errors.New(string(ended)))
		case over:
			return nil, errors.Join(ErrStreamEnded, s.client.wire.Err())
		}
		select {
		case <-s.wake:
		case <-s.client.Done():
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// takeLive takes the next event off the window. One that does not follow the
// last one tells that some did not come this way.
func (s *Subscription) takeLive() (ev *universal.Event, behind bool, ended session.StreamEnd, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.window) > 0 {
		ev := new(universal.Event)
		if err := json.Unmarshal(s.window[0], ev); err != nil {
			return nil, false, "", err
		}
		if ev.Sequence > s.offset+1 {
			s.behind, s.window = true, nil
			break
		}
		s.window = s.window[1:]
		if ev.Sequence == s.offset+1 {
			s.offset = ev.Sequence
			return ev, false, "", nil
		}
	}
	return nil, s.behind, s.ended, nil
}

// readPage reads what is in the log. Events come live again from before the
// reading on, so that none falls between the two.
func (s *Subscription) readPage(ctx context.Context) error {
	s.setBehind(false)
	var page struct {
		Events  []universal.Event `json:"events"`
		HasMore bool              `json:"hasMore"`
	}
	limit := pageEvents
	err := s.client.Call(ctx, "sessions/events", EventsParams{
		SessionID: s.sessionID, Offset: s.offset, Limit: &limit, IncludeRaw: s.includeRaw,
	}, &page)
	if universal.KindOf(err) == universal.KindSessionNotFound {
		return errors.Join(ErrStreamEnded, err)
	}
	if err != nil {
		return err
	}
	s.page = page.Events
	if page.HasMore {
		s.setBehind(true)
	}
	return nil
}

func (s *Subscription) setBehind(behind bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behind = behind
}
