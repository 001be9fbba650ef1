package rpc

import (
	"context"
	"errors"

	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
)

// eventFeed gives all events of a session after one.
func eventFeed(s *session.Session, after uint64, includeRaw bool) Feed {
	done, cursor := s.Follow(), s.Cursor(after).Reuse()
	return func(ctx context.Context, w FeedWriter) (session.StreamEnd, error) {
		defer done()
		for {
			over := ctx.Err() != nil // what is there by now is still delivered
			records, err := cursor.TryNext()
			if errors.Is(err, eventlog.ErrCaughtUp) {
				if err := w.Flush(); err != nil {
					return "", err
				}
				if over {
					return "", context.Cause(ctx)
				}
				if records, err = cursor.Next(ctx); err != nil && ctx.Err() != nil {
					continue
				}
			}
			if errors.Is(err, eventlog.ErrDeleted) {
				return session.EndDeleted, w.Flush()
			}
			if err != nil {
				return "", err
			}
			for {
				record, ok := records.Next()
				if !ok {
					break
				}
				if err := w.Event(record.Seq, record.Head, rawOrNull(record.Raw, includeRaw)); err != nil {
					return "", err
				}
			}
		}
	}
}

// turnFeed gives the events of one turn.
func turnFeed(s *session.Session, reader *session.TurnReader, includeRaw bool) Feed {
	done := s.Follow()
	return func(ctx context.Context, w FeedWriter) (session.StreamEnd, error) {
		defer done()
		for {
			record, end, err := reader.Next(ctx)
			if err != nil || end != "" {
				return end, err
			}
			if err := w.Event(record.Seq, record.Head, rawOrNull(record.Raw, includeRaw)); err != nil {
				return "", err
			}
			if reader.Buffered() {
				continue
			}
			if err := w.Flush(); err != nil {
				return "", err
			}
		}
	}
}

// watchFeed gives the summaries of sessions as they change.
func watchFeed(sessions *session.Manager) Feed {
	watcher := sessions.Watch()
	return func(ctx context.Context, w FeedWriter) (session.StreamEnd, error) {
		defer watcher.Close()
		for {
			infos, err := watcher.Next(ctx)
			if err != nil {
				return "", err
			}
			for _, info := range infos {
				if err := w.Changed(info); err != nil {
					return "", err
				}
			}
			if err := w.Flush(); err != nil {
				return "", err
			}
		}
	}
}
