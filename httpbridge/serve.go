package httpbridge

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// headerTime is how long a request's header may take, so that whoever
	// sends it drop by drop holds a connection for no longer.
	headerTime = 10 * time.Second
	// keepAliveTime is how long a connection may wait for its next request.
	keepAliveTime = 2 * time.Minute
	// maxHeaderBytes bounds a request's header.
	maxHeaderBytes = 64 << 10
	// drainTime is what streams have to deliver their last events, and
	// requests in flight to be answered, when the server ends.
	drainTime = 500 * time.Millisecond
)

// errEnding is why requests are cancelled when the server ends.
var errEnding = errors.New("the server is ending")

// Serve answers on a listener until ctx ends. Then it takes no more
// connections, calls finish, ends all streams, and returns when no request is
// left. It closes the listener.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, logger *slog.Logger, finish func()) error {
	requests, endStreams := context.WithCancelCause(context.WithoutCancel(ctx))
	defer endStreams(errEnding)
	var connections sync.WaitGroup
	server := &http.Server{
		Handler:           handled(handler),
		BaseContext:       func(net.Listener) context.Context { return requests },
		ConnContext:       withConn,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       keepAliveTime,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		ConnState: func(conn net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew: // by the goroutine that accepts
				connections.Add(1)
			case http.StateIdle:
				answered(conn)
			case http.StateClosed: // after the handler
				connections.Done()
			}
		},
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(problemListener{listener}) }() // ends with Shutdown or Close
	select {
	case err := <-served:
		finish()
		endStreams(errEnding)
		err = errors.Join(err, server.Close())
		connections.Wait()
		return err
	case <-ctx.Done():
	}
	// The listener goes first; what is in flight lives through finish, so that
	// streams see the ends of their sessions.
	draining, cancel := context.WithCancel(context.Background())
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- server.Shutdown(draining) }() // ends with draining
	finish()
	endStreams(errEnding)
	timer := time.AfterFunc(drainTime, cancel)
	defer timer.Stop()
	err := <-drained
	<-served
	if errors.Is(err, context.Canceled) { // somebody doesn't read
		err = nil
	}
	err = errors.Join(err, server.Close())
	connections.Wait()
	return err
}
