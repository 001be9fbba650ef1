package httpbridge

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// ServeOptions are how a server treats its connections. The zero value of a
// limit means its default.
type ServeOptions struct {
	Logger *slog.Logger
	// Finish is called once nobody new gets in. What it does to the sessions,
	// streams still tell.
	Finish func()
	// HeaderTime is how long a connection may take to send a request's header,
	// so that whoever sends it drop by drop holds it for no longer. Default
	// 10 s.
	HeaderTime time.Duration
	// KeepAliveTime is how long a connection may wait for its next request.
	// Default 2 min.
	KeepAliveTime time.Duration
	// MaxHeaderBytes bounds a request's header. Default 64 KiB.
	MaxHeaderBytes int
	// DrainTime is what streams have to deliver their last events, and
	// requests in flight to be answered, when the server ends. Default 500 ms.
	DrainTime time.Duration
}

// errEnding is why requests are cancelled when the server ends.
var errEnding = errors.New("the server is ending")

// Serve answers on a listener until ctx ends. Then it takes no more
// connections, calls Finish, ends all streams, and returns when no request is
// left. It closes the listener.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, opts ServeOptions) error {
	requests, endStreams := context.WithCancelCause(context.WithoutCancel(ctx))
	defer endStreams(errEnding)
	var connections sync.WaitGroup
	server := &http.Server{
		Handler:           handler,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ReadHeaderTimeout: cmp.Or(opts.HeaderTime, 10*time.Second),
		IdleTimeout:       cmp.Or(opts.KeepAliveTime, 2*time.Minute),
		MaxHeaderBytes:    cmp.Or(opts.MaxHeaderBytes, 64<<10),
		ErrorLog:          slog.NewLogLogger(opts.Logger.Handler(), slog.LevelDebug),
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew: // by the goroutine that accepts
				connections.Add(1)
			case http.StateClosed: // after the handler
				connections.Done()
			}
		},
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }() // ends with Shutdown or Close
	select {
	case err := <-served:
		opts.Finish()
		endStreams(errEnding)
		err = errors.Join(err, server.Close())
		connections.Wait()
		return err
	case <-ctx.Done():
	}
	// The listener goes first; what is in flight lives through Finish, so that
	// streams see the ends of their sessions.
	draining, cancel := context.WithCancel(context.Background())
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- server.Shutdown(draining) }() // ends with draining
	opts.Finish()
	endStreams(errEnding)
	timer := time.AfterFunc(cmp.Or(opts.DrainTime, 500*time.Millisecond), cancel)
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
