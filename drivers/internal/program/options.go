package program

import (
	"context"
	"log/slog"
	"os"

	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/uuid"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// Options are what the driver of a program is made with; T is what it uses of a
// process. Only Supervisor has to be set, and not even that where Launch is.
type Options[T process.Printing] struct {
	// Supervisor starts the agent.
	Supervisor *process.Supervisor
	// Logger gets what nobody is told otherwise; nil discards it.
	Logger *slog.Logger
	// Locate finds the agent's program. The default looks where
	// [install.Locate] does.
	Locate func() (path string, err error)
	// Version tells which version a program is. The default asks it, once for
	// each state of its file.
	Version func(ctx context.Context, path string) (string, error)
	// Environ is the environment that the agent inherits, and Getenv reads it;
	// the defaults are the bridge's own.
	Environ func() []string
	Getenv  func(string) string
	// NewID makes the ids that the driver gives away; the default makes random
	// UUIDs.
	NewID func() string
	// Trace is shown every line, without its end, before it is dealt with:
	// TraceIn what is written to the agent, TraceOut what it says. It may be
	// called by several goroutines and must not keep the line. Lines may contain
	// keys of the user. Nil traces nothing.
	Trace func(dir string, line []byte)
	// Launch starts the agent instead of Supervisor.
	Launch func(ctx context.Context, spec process.Spec) (T, error)
}

// Directions of a traced line.
const (
	TraceIn  = "in"  // written by us
	TraceOut = "out" // said by the agent
)

// Own is what a driver knows of its program.
type Own[T process.Printing] struct {
	Program install.Program
	// VersionWord is which word of what it prints for --version is its version,
	// counted from 0.
	VersionWord int
	// Environment is what it runs in: what it inherits, less what isn't its
	// business, and over it what a session gives.
	Environment func(inherited []string, session map[string]string) []string
	// Start starts it.
	Start func(ctx context.Context, supervisor *process.Supervisor, spec process.Spec) (T, error)
}

// WithDefaults sets what is not set.
func (o Options[T]) WithDefaults(own Own[T]) Options[T] {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Environ == nil {
		o.Environ = os.Environ
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.NewID == nil {
		o.NewID = uuid.New
	}
	if o.Locate == nil {
		getenv := o.Getenv
		o.Locate = func() (string, error) { return install.Locate(own.Program, getenv) }
	}
	if o.Launch == nil {
		supervisor := o.Supervisor
		o.Launch = func(ctx context.Context, spec process.Spec) (started T, err error) {
			p, err := own.Start(ctx, supervisor, spec)
			if err == nil {
				started = p // else it may be an interface that holds nothing
			}
			return started, err
		}
	}
	if o.Version == nil {
		o.Version = askVersion(own, o.Environ, o.Launch)
	}
	return o
}

// askVersion asks a program, once for each state of its file.
func askVersion[T process.Printing](own Own[T], environ func() []string, launch func(context.Context, process.Spec) (T, error)) func(context.Context, string) (string, error) {
	var versions install.Versions
	return func(ctx context.Context, path string) (string, error) {
		ask := func(ctx context.Context) ([]byte, error) {
			return process.Output(ctx, launch, process.Spec{
				Path: path, Args: []string{"--version"}, Env: own.Environment(environ(), nil),
			})
		}
		return versions.Of(ctx, path, ask, install.Word(own.VersionWord))
	}
}
