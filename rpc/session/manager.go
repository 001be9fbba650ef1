package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// ManagerOptions are a bridge's settings for its sessions.
type ManagerOptions struct {
	Drivers []drivers.Driver // in the order that clients see
	Store   *eventlog.Store
	Logger  *slog.Logger
	// Directory is where agents work unless a session says otherwise; "" is
	// the process's own working directory.
	Directory string
	// IdleTimeout stops the process of an idle session; 0: never.
	IdleTimeout time.Duration
	// Installer gets agents' programs; nil: none is installed.
	Installer Installer
	// InstallMissing lets a new session install an agent that is missing.
	InstallMissing bool
	// Installing, if not nil, is told how far an install is, often.
	Installing func(agent string, p install.Progress)
}

// Manager owns the sessions of a bridge. It is safe for concurrent use.
type Manager struct {
	drivers     []drivers.Driver
	store       *eventlog.Store
	logger      *slog.Logger
	directory   string
	idleTimeout time.Duration
	tasks       sync.WaitGroup // terminations and farewells under way
	closing     chan struct{}  // closed when no farewell is to be waited for any more
	counters    counters

	installer      Installer
	installMissing bool
	installing     func(agent string, p install.Progress)

	mu       sync.Mutex // guards all below; taken after a session's lock
	sessions map[string]*Session
	order    []*Session // by creation
	created  uint64     // counts sessions
	watchers map[*Watcher]bool
	closed   bool
}

// NewManager makes a manager without sessions.
func NewManager(opts ManagerOptions) (*Manager, error) {
	dir := opts.Directory
	if dir == "" {
		var err error
		if dir, err = os.Getwd(); err != nil {
			return nil, fmt.Errorf("find the working directory: %w", err)
		}
	}
	if opts.Installing == nil {
		opts.Installing = func(string, install.Progress) {}
	}
	return &Manager{
		drivers:     opts.Drivers,
		store:       opts.Store,
		logger:      opts.Logger,
		directory:   dir,
		idleTimeout: opts.IdleTimeout,

		installer:      opts.Installer,
		installMissing: opts.InstallMissing && opts.Installer != nil,
		installing:     opts.Installing,

		closing:  make(chan struct{}),
		sessions: map[string]*Session{},
		watchers: map[*Watcher]bool{},
	}, nil
}

func (m *Manager) now() time.Time { return time.Now().UTC() }

// Drivers returns the agents there are.
func (m *Manager) Drivers() []drivers.Driver { return m.drivers }

// Driver finds an agent by its id.
func (m *Manager) Driver(agent string) (drivers.Driver, error) {
	for _, d := range m.drivers {
		if d.Info().ID == agent {
			return d, nil
		}
	}
	ids := make([]string, len(m.drivers))
	for i, d := range m.drivers {
		ids[i] = d.Info().ID
	}
	return nil, universal.UnsupportedAgent(agent).With("message", "choose one of: "+strings.Join(ids, ", "))
}

// Create makes a session and starts its agent. Everything is validated first,
// before anything is installed too; when it fails, nothing is left of it but
// what was installed.
func (m *Manager) Create(ctx context.Context, opts CreateOptions) (*Session, error) {
	if opts.SessionID == "" {
		opts.SessionID = rand.Text()
	}
	if err := checkSessionID(opts.SessionID); err != nil {
		return nil, err
	}
	if opts.Skills != nil && len(opts.Skills.Sources) == 0 {
		opts.Skills = nil
	}
	d, err := m.Driver(opts.Agent)
	if err != nil {
		return nil, err
	}
	if _, err := m.Get(opts.SessionID); err == nil {
		return nil, alreadyExists(opts.SessionID)
	}
	cfg, err := opts.config(ctx, d, m.directory)
	if err != nil && !m.installable(err) {
		return nil, err
	}
	s := m.newSession(d, cfg, opts)
	if err := m.add(s); err != nil {
		return nil, err
	}
	if err := m.claim(s, cfg.Resume); err != nil {
		m.remove(s)
		s.deleteLog()
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		m.abandon(s)
		return nil, err
	}
	return s, nil
}

func (m *Manager) newSession(d drivers.Driver, cfg drivers.Config, opts CreateOptions) *Session {
	s := &Session{
		id:      opts.SessionID,
		manager: m,
		driver:  d,
		info:    d.Info(),
		log:     m.store.NewLog(opts.SessionID),
		logger:  m.logger,
		created: m.now(),
		options: opts,
		cfg:     cfg,
		state:   Starting,
		grants:  map[string]bool{},
	}
	s.calm.L = &s.mu
	s.idle.after = opts.idleTimeout(m.idleTimeout)
	s.memory = cfg.Resume != ""
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.ledger = NewLedger(s.id, s.newTurnID, s.record)
	s.ledger.SetNativeID(cfg.Resume)
	return s
}

// start records the beginning and brings the agent up.
func (s *Session) start(ctx context.Context) error {
	s.lock()
	s.ledger.Start(s.metadata())
	s.unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(context.Cause(s.ctx)) })()
	err := s.bringUp(ctx)
	s.lock()
	defer s.unlock()
	if s.isEnding() {
		return s.endedError()
	}
	if err != nil {
		return err
	}
	s.state, s.dirty = Idle, true
	return nil
}

func (m *Manager) add(s *Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		s.log.Delete()
		return universal.Errorf(universal.KindInternal, "internal: the bridge is shutting down")
	case m.sessions[s.id] != nil:
		s.log.Delete()
		return alreadyExists(s.id)
	}
	m.created++
	s.number = m.created
	m.sessions[s.id] = s
	m.order = append(m.order, s)
	return nil
}

// abandon takes back a session that did not start. It is listed until it has
// ended, so that Close waits for that.
func (m *Manager) abandon(s *Session) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := s.Terminate(ctx); err != nil {
		m.logger.Error("session: a failed start left something behind", "session", s.id, "error", err)
	}
	if m.remove(s) { // else somebody has deleted it
		s.deleteLog()
	}
}

// remove takes a session out of the list; false if it is not in it.
func (m *Manager) remove(s *Session) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sessions[s.id] != s {
		return false
	}
	delete(m.sessions, s.id)
	m.order = remove(m.order, s)
	return true
}

// Get finds a session.
func (m *Manager) Get(id string) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.sessions[id]; s != nil {
		return s, nil
	}
	return nil, notFound(id)
}

func alreadyExists(id string) error {
	return universal.SessionAlreadyExists(id).With("message", "choose another id, or none to be given one; sessions/delete frees an id")
}

func notFound(id string) error {
	return universal.SessionNotFound(id).With("message", "sessions/list tells which there are; sessions/create makes one")
}

// List returns all sessions, the newest first.
func (m *Manager) List() []*Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Clone(m.order)
	slices.Reverse(list)
	return list
}

// Delete forgets a session; a live one is ended first. Who follows it still gets
// its last events.
func (m *Manager) Delete(ctx context.Context, id string) error {
	s, err := m.Get(id)
	if err != nil {
		return err
	}
	if err := s.Terminate(ctx); err != nil {
		return err
	}
	if m.remove(s) { // else somebody else has deleted it at the same time
		m.counters.deletedEvents.Add(s.log.Head())
		m.forget(s)
	}
	return nil
}

// deleteLog removes the events, after which nothing refers to the session but
// those who use it right now.
func (s *Session) deleteLog() {
	s.manager.unwatch(s)
	if err := s.log.Delete(); err != nil && !errors.Is(err, eventlog.ErrClosed) {
		s.logger.Warn("session: events could not be removed", "session", s.id, "error", err)
	}
}

// Close ends all sessions with everything they started, and refuses new ones.
func (m *Manager) Close(ctx context.Context) error {
	m.mu.Lock()
	if !m.closed {
		m.closed = true
		close(m.closing)
	}
	list := slices.Clone(m.order)
	m.mu.Unlock()
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, s := range list {
		wg.Go(func() { errs[i] = s.Terminate(ctx) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	m.tasks.Wait()
	return nil
}

// ListPage is a run of sessions.
type ListPage struct {
	Sessions []Info `json:"sessions"`
	// NextCursor continues the list; absent at its end.
	NextCursor string `json:"nextCursor,omitempty"`
}

// ListInfo describes sessions, the newest first: those with a status ("" for
// all), at most limit (0 for all), from where a cursor goes on. A cursor is the
// number of the last session listed, which may be forgotten by then.
func (m *Manager) ListInfo(status Status, limit int, cursor string) (ListPage, error) {
	switch status {
	case "", Starting, Idle, Running, Waiting, Ended:
	default:
		return ListPage{}, universal.InvalidRequest("status is %q; choose starting, idle, running, waiting or ended", status)
	}
	if limit < 0 {
		return ListPage{}, universal.InvalidRequest("limit is negative")
	}
	list := m.List()
	if cursor != "" {
		number, err := strconv.ParseUint(cursor, 10, 64)
		if err != nil {
			return ListPage{}, universal.InvalidRequest("cursor %q is none that sessions/list gave: list from the start", cursor)
		}
		list = slices.DeleteFunc(list, func(s *Session) bool { return s.number >= number })
	}
	page := ListPage{Sessions: []Info{}}
	var last *Session
	for _, s := range list {
		if limit > 0 && len(page.Sessions) == limit {
			page.NextCursor = strconv.FormatUint(last.number, 10)
			return page, nil
		}
		if info := s.Info(false); status == "" || info.Status == status {
			page.Sessions = append(page.Sessions, info)
			last = s
		}
	}
	return page, nil
}
