package rpc

import (
	"context"
	"log/slog"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/rpc/stdio"
)

// ProtocolVersion is the version of the method set.
const ProtocolVersion = "1"

// Server answers the methods of the table. It is safe for concurrent use by
// any number of transports.
type Server struct {
	sessions *session.Manager
	version  string
	logger   *slog.Logger
	limits   Limits
	methods  map[string]Method
}

// ServerOptions are what a server is made of.
type ServerOptions struct {
	Sessions *session.Manager
	Version  string // of the program
	Logger   *slog.Logger
	// MaxMessageBytes bounds one message of a client; 0 means 64 MiB.
	MaxMessageBytes int
}

// NewServer makes a server. Its sessions stay the caller's to close.
func NewServer(opts ServerOptions) *Server {
	if opts.MaxMessageBytes == 0 {
		opts.MaxMessageBytes = stdio.DefaultMaxMessageBytes
	}
	s := &Server{
		sessions: opts.Sessions,
		version:  opts.Version,
		logger:   opts.Logger,
		limits:   Limits{MaxMessageBytes: opts.MaxMessageBytes},
		methods:  map[string]Method{},
	}
	for _, m := range Table() {
		s.methods[m.Name] = m
	}
	return s
}

// probeAll looks at all agents at the same time.
func (s *Server) probeAll(ctx context.Context) []drivers.Probe {
	all := s.sessions.Drivers()
	probes := make([]drivers.Probe, len(all))
	var wg sync.WaitGroup
	for i, d := range all {
		wg.Go(func() { probes[i] = d.Probe(ctx) })
	}
	wg.Wait()
	return probes
}
