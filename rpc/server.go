package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/rpc/stdio"
)

// ProtocolVersion is the version of the method set.
const ProtocolVersion = "1"

// Server answers the methods of the table. It is safe for concurrent use by
// any number of transports.
type Server struct {
	sessions  *session.Manager
	version   string
	logger    *slog.Logger
	limits    Limits
	documents map[SchemaFormat]json.RawMessage
	methods   map[string]Method
}

// ServerOptions are what a server is made of.
type ServerOptions struct {
	Sessions *session.Manager
	Version  string // of the program
	Logger   *slog.Logger
	// MaxMessageBytes bounds one message of a client; 0 means 64 MiB.
	MaxMessageBytes int
	// Documents are what schema/get gives, each a JSON object. A server
	// without them says that it has none.
	Documents map[SchemaFormat]json.RawMessage
}

// NewServer makes a server. Its sessions stay the caller's to close.
func NewServer(opts ServerOptions) *Server {
	if opts.MaxMessageBytes == 0 {
		opts.MaxMessageBytes = stdio.DefaultMaxMessageBytes
	}
	s := &Server{
		sessions:  opts.Sessions,
		version:   opts.Version,
		logger:    opts.Logger,
		limits:    Limits{MaxMessageBytes: opts.MaxMessageBytes},
		documents: opts.Documents,
		methods:   map[string]Method{},
	}
	for _, m := range Table() {
		s.methods[m.Name] = m
	}
	return s
}

// Limits are what the server holds its clients to.
func (s *Server) Limits() Limits { return s.limits }

// Stats are the figures of the server's sessions.
func (s *Server) Stats() session.Stats { return s.sessions.Stats() }

// Head is the sequence number of a session's last event; 0 if there is none.
func (s *Server) Head(sessionID string) uint64 {
	found, err := s.sessions.Get(sessionID)
	if err != nil {
		return 0
	}
	return found.Head()
}

// Call answers a method that answers once. Params are one JSON object, as
// clients on stdio send it. A method that streams or is about a connection is
// an internal error.
func (s *Server) Call(ctx context.Context, m Method, params json.RawMessage) (any, error) {
	if m.call == nil {
		return nil, fmt.Errorf("%s does not answer once", m.Name)
	}
	return m.call(ctx, s, params)
}

// Open answers a method that streams. The feed has to be run, which frees
// what it holds.
func (s *Server) Open(ctx context.Context, m Method, params json.RawMessage) (any, Feed, error) {
	if m.open == nil {
		return nil, nil, fmt.Errorf("%s does not stream", m.Name)
	}
	return m.open(ctx, s, params)
}
