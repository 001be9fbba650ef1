package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// Process is the server's process; *process.Process is one.
type Process interface {
	PID() int
	Dying() bool
	ReadLine() (line []byte, more bool, err error)
	Checkpoint() process.Checkpoint
	KillSince(ctx context.Context, c process.Checkpoint) (killed int, err error)
	KillMarked(ctx context.Context, variable string, c process.Checkpoint) (killed int, err error)
	Stop(ctx context.Context, goodbye func(context.Context) error) error
	Done() <-chan struct{}
	Exit() process.Exit
}

// Options say how to speak with a server.
type Options struct {
	// Password is the one that the server was started with.
	Password string
	// Drop tells which events nobody wants to read; nil drops none. It is
	// called by one goroutine and must not keep the event.
	Drop func(event []byte) bool
	// Silence is how long the event stream may be silent before it counts as
	// dead; 0 means [DefaultSilence].
	Silence time.Duration
	// MaxLine is the longest line that is read, in bytes; 0 means
	// [process.DefaultMaxLine]. An event that would be longer is skipped and
	// read as [process.ErrLineTooLong]; such an answer is an error.
	MaxLine int
}

// DefaultSilence is three heartbeats of the server.
const DefaultSilence = 30 * time.Second

const (
	// maxRequests are at the same time. Some are answered at the end of a turn,
	// and what ends that turn, an answer or an interrupt, is a request too: there
	// are to be more than there are turns.
	maxRequests = 1024
	maxIdle     = 64  // connections that wait for a request
	maxWaiting  = 256 // lines that wait to be read
)

// Conn is a server that is spoken with in lines. Make one with [Connect]. Its
// methods are safe for concurrent use, ReadLine by one goroutine at a time.
type Conn struct {
	Process
	opts   Options
	base   string // URL of the server, without a slash
	client *http.Client

	ctx      context.Context // ends with the process; of the requests and the stream
	cancel   context.CancelFunc
	requests chan struct{} // holds a token for each request under way
	lines    chan line     // closed when nothing more will come
	ready    chan struct{} // closed when base is set

	mu    sync.Mutex
	ended bool // no more work may begin
	work  sync.WaitGroup
}

// line is what ReadLine returns next.
type line struct {
	text []byte
	err  error
}

// ErrNotReady tells that the process ended before its server was there.
var ErrNotReady = errors.New("the server ended before it listened")

// Connect waits until the process says where its server listens, and connects
// the event stream. When it fails, the process is stopped; ctx bounds the
// waiting only.
func Connect(ctx context.Context, p Process, opts Options) (*Conn, error) {
	if opts.Silence == 0 {
		opts.Silence = DefaultSilence
	}
	if opts.MaxLine == 0 {
		opts.MaxLine = process.DefaultMaxLine
	}
	c := &Conn{
		Process:  p,
		opts:     opts,
		client:   newClient(),
		requests: make(chan struct{}, maxRequests),
		lines:    make(chan line, maxWaiting),
		ready:    make(chan struct{}),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	go c.live() // ends with the process, when all of the connection has
	err := c.awaitReady(ctx)
	if err == nil {
		return c, nil
	}
	err = errors.Join(err, p.Stop(context.WithoutCancel(ctx), nil))
	for range c.lines { // until everything has ended
	}
	return nil, err
}

// newClient makes the client of one server. The connection is to this machine:
// no proxy, and no limit to how long an answer takes, since some come at the
// end of a turn.
func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableCompression:  true,
		MaxIdleConnsPerHost: maxIdle,
		IdleConnTimeout:     time.Minute,
	}}
}

func (c *Conn) awaitReady(ctx context.Context) error {
	select {
	case <-c.ready:
		return nil
	case <-c.ctx.Done():
		return ErrNotReady
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// listening is the line by which the server says where it is.
var listening = regexp.MustCompile(`^opencode server listening on (http://\S+?)/?$`)

// live is the life of the connection: what the process prints is read to its
// end, then everything ends.
func (c *Conn) live() {
	for {
		text, _, err := c.Process.ReadLine()
		if err != nil && !errors.Is(err, process.ErrLineTooLong) {
			break
		}
		if m := listening.FindSubmatch(text); m != nil && c.base == "" {
			c.base = string(m[1])
			close(c.ready)
			c.work.Go(c.stream) // ends with ctx
		}
	}
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.cancel()
	c.work.Wait()
	c.client.CloseIdleConnections()
	close(c.lines)
}

// BaseURL is where the server listens.
func (c *Conn) BaseURL() string { return c.base }

// ReadLine returns the next line; it is valid for ever. The end is io.EOF.
func (c *Conn) ReadLine() (text []byte, more bool, err error) {
	l, ok := <-c.lines
	if !ok {
		return nil, false, io.EOF
	}
	return l.text, len(c.lines) > 0, l.err
}

// put hands a line to the reader. It waits for room, until the end; what there
// is room for is read also after that.
func (c *Conn) put(l line) {
	select {
	case c.lines <- l:
		return
	default:
	}
	select {
	case c.lines <- l:
	case <-c.ctx.Done():
	}
}

// disposeWait bounds the server's clearing up before its process is stopped.
const disposeWait = 800 * time.Millisecond

// Stop ends the server and its process. goodbye is called first, if it isn't
// nil.
func (c *Conn) Stop(ctx context.Context, goodbye func(context.Context) error) error {
	return c.Process.Stop(ctx, func(ctx context.Context) error {
		var err error
		if goodbye != nil {
			err = goodbye(ctx)
		}
		return errors.Join(err, c.dispose(ctx))
	})
}

// dispose makes the server end all turns with their commands.
func (c *Conn) dispose(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, disposeWait)
	defer cancel()
	answer, err := c.do(ctx, &request{Method: http.MethodPost, Path: "/global/dispose"})
	if err != nil {
		return fmt.Errorf("dispose: %w", err)
	}
	return answer.Body.Close()
}
