package opencode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/drivers/shared"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Start implements drivers.Driver.
func (d *Driver) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	if err := d.Check(ctx, &cfg); err != nil {
		return nil, err
	}
	plan, err := d.planLaunch(&cfg)
	if err != nil {
		return nil, err
	}
	lease, err := d.acquire(ctx, plan)
	if err != nil {
		return nil, err
	}
	s, err := d.startSession(ctx, lease, &cfg, sink)
	if err != nil {
		if releaseErr := lease.Release(context.WithoutCancel(ctx)); releaseErr != nil {
			d.opts.Logger.Warn("releasing the server of a session that did not start failed", "agent", agentID, "error", releaseErr)
		}
		if ctx.Err() != nil && universal.KindOf(err) == universal.KindInternal {
			err = universal.Timeout("opencode was not ready in time").Because(err)
		}
		return nil, err
	}
	return s, nil
}

// acquire returns a share in the server of a launch.
func (d *Driver) acquire(ctx context.Context, l *launch) (*shared.Lease[*server], error) {
	key, err := l.key()
	if err != nil {
		return nil, err
	}
	return d.pool.Acquire(ctx, key, func(ctx context.Context) (*server, error) {
		return d.startServer(ctx, l)
	})
}

// startSession makes or resumes a conversation on a server.
func (d *Driver) startSession(ctx context.Context, lease *shared.Lease[*server], cfg *drivers.Config, sink drivers.Sink) (*session, error) {
	srv := lease.Server
	s := &session{
		log:      d.opts.Logger,
		lease:    lease,
		srv:      srv,
		place:    srv.place(cfg.Directory),
		sink:     sink,
		system:   cfg.SystemPrompt,
		conv:     newConverter(cfg.Directory),
		settings: cfg.Settings,
		silent:   true,
	}
	if err := s.place.open(ctx, srv); err != nil {
		return nil, err
	}
	if err := s.checkSettings(&cfg.Settings, drivers.Settings{}); err != nil {
		return nil, err
	}
	s.conv.mcp = mcpPrefixes(slices.Collect(maps.Keys(s.place.mcp)))
	s.conv.window = s.place.window(cfg.Model)
	s.conv.compacts = true
	err := s.open(ctx, cfg)
	if err == nil {
		err = s.tell(ctx, cfg)
	}
	if err == nil && !s.started() {
		err = srv.goneError(errServerGone)
	}
	if err != nil {
		srv.release(s)
		s.exit(drivers.Exit{}) // it is silent: the sink is told nothing
		return nil, err
	}
	return s, nil
}

// open makes the native session, or finds the one that goes on.
func (s *session) open(ctx context.Context, cfg *drivers.Config) error {
	c := &call{answer: make(chan answered, 1), starts: s}
	if cfg.Resume == "" {
		body := map[string]string{}
		if cfg.Title != "" {
			body["title"] = cfg.Title
		}
		info, err := decode[sessionInfo](s.srv.askAs(ctx, wireRequest{
			Method: "POST", Path: "/session", Query: s.query(), Body: body,
		}, c, nil))
		if err == nil && info.ID == "" {
			err = errors.New("it has no id")
		}
		if err != nil {
			return fmt.Errorf("create a session: %w", err)
		}
		return nil
	}
	info, err := decode[sessionInfo](s.srv.askAs(ctx, wireRequest{Method: "GET", Path: "/session/" + cfg.Resume, Query: s.query()}, c, nil))
	var no *refusal
	switch {
	case errors.As(err, &no) && no.status < http.StatusInternalServerError:
		return universal.InvalidRequest("resume %s: the agent has no such conversation", cfg.Resume).With("reason", "unknown_conversation").Because(err)
	case err != nil:
		return fmt.Errorf("resume a session: %w", err)
	case s.native != info.ID:
		return universal.InvalidRequest("resume %s: another session has this conversation open", cfg.Resume).With("reason", "conversation_in_use")
	case s.place.native != "" && info.Directory != s.place.native:
		return universal.InvalidRequest("resume %s: the conversation belongs to the directory %s; resume it there", cfg.Resume, info.Directory).With("reason", "other_directory")
	}
	return s.skipHistory(ctx)
}

// skipHistory notes the newest message: what comes before it was told to
// somebody else, also what a server that was killed has left unfinished.
func (s *session) skipHistory(ctx context.Context) error {
	type message struct {
		Info messageInfo `json:"info"`
	}
	query := s.query()
	query["limit"] = "1"
	newest, err := decode[[]message](s.srv.ask(ctx, wireRequest{Method: "GET", Path: s.path("/message"), Query: query}))
	if err != nil {
		return fmt.Errorf("resume a session: read its messages: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range newest {
		s.conv.floor = max(s.conv.floor, m.Info.ID)
	}
	return nil
}

// tell makes the events that come with the start.
func (s *session) tell(ctx context.Context, cfg *drivers.Config) error {
	commands, err := s.place.listCommands(ctx, s.srv)
	if err != nil {
		return err
	}
	warning := ripgrepWarning(s.srv.launch.Env)
	s.convert(func(c *converter) {
		c.commands = commands
		c.tellCommands()
		for _, name := range slices.Sorted(maps.Keys(s.srv.launch.MCP)) {
			if status := s.place.mcp[name]; status.Status != "connected" {
				c.emit(universal.TypeError, mcpError(name, status))
			}
		}
		if warning != "" {
			c.notice("ripgrep", "warning", warning)
		}
	})
	return nil
}

// ripgrepWarning tells of a missing program that some tools need; "" if it is
// there. Without it OpenCode looks for one in its own directories, and
// downloads it.
func ripgrepWarning(env []string) string {
	name := "rg"
	if os.PathSeparator == '\\' {
		name += ".exe"
	}
	places := filepath.SplitList(environ.Get(env, "PATH"))
	for _, base := range []string{environ.Get(env, "XDG_CACHE_HOME"), filepath.Join(environ.Get(env, "HOME"), ".cache"),
		environ.Get(env, "XDG_DATA_HOME"), filepath.Join(environ.Get(env, "HOME"), ".local", "share")} {
		if base != "" {
			places = append(places, filepath.Join(base, "opencode", "bin"))
		}
	}
	for _, dir := range places {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return ""
		}
	}
	return "ripgrep is not installed: the agent's searches and skills work only if it can download it; install ripgrep (rg)"
}

// place is what a server knows of one directory. It is filled once, and doesn't
// change afterwards.
type place struct {
	directory string
	opening   chan struct{} // holds a token while it is filled

	filled bool
	native string // the directory as the server calls it
	models []nativeModel
	chosen string               // the model that the configuration names
	mcp    map[string]mcpStatus // by name, those of the user's configuration too
	agents []nativeAgent
}

func (p *place) query() map[string]string { return map[string]string{"directory": p.directory} }

// place returns what is known of a directory.
func (srv *server) place(directory string) *place {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	p := srv.places[directory]
	if p == nil {
		p = &place{directory: directory, opening: make(chan struct{}, 1)}
		srv.places[directory] = p
	}
	return p
}

// open asks the server what it knows of the directory, and gives it the tool
// servers there.
func (p *place) open(ctx context.Context, srv *server) error {
	select {
	case p.opening <- struct{}{}:
		defer func() { <-p.opening }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if p.filled {
		return nil
	}
	get := func(path string) (json.RawMessage, error) {
		return srv.ask(ctx, wireRequest{Method: "GET", Path: path, Query: p.query()})
	}
	if err := p.readConfig(get("/config")); err != nil {
		return err
	}
	paths, err := decode[struct {
		Directory string `json:"directory"`
	}](get("/path"))
	if err != nil {
		return fmt.Errorf("read the directory: %w", err)
	}
	p.native = paths.Directory
	providers, err := decode[providerList](get("/config/providers"))
	if err != nil {
		return fmt.Errorf("read the models: %w", err)
	}
	p.models = providers.models()
	if p.chosen == "" {
		p.chosen = providers.first()
	}
	if p.agents, err = decode[[]nativeAgent](get("/agent")); err != nil {
		return fmt.Errorf("read the modes: %w", err)
	}
	if p.mcp, err = decode[map[string]mcpStatus](get("/mcp")); err != nil {
		return fmt.Errorf("read the mcp servers: %w", err)
	}
	if err := p.addServers(ctx, srv); err != nil {
		return err
	}
	p.filled = true
	return nil
}

// readConfig reads the configuration. It is the first thing that is asked for:
// a broken one doesn't keep the server from starting.
func (p *place) readConfig(body json.RawMessage, err error) error {
	var no *refusal
	if errors.As(err, &no) && strings.HasPrefix(no.name, "Config") {
		return configurationError(no.text, err)
	}
	config, err := decode[struct {
		Model string `json:"model"`
	}](body, err)
	if err != nil {
		return fmt.Errorf("read the configuration of OpenCode: %w", err)
	}
	p.chosen = config.Model
	return nil
}

func configurationError(why string, cause error) error {
	return universal.InvalidRequest("the configuration of OpenCode is broken: %s; correct it", why).With("reason", "agent_configuration").Because(cause)
}

func (p *place) addServers(ctx context.Context, srv *server) error {
	for _, name := range slices.Sorted(maps.Keys(srv.launch.MCP)) {
		statuses, err := decode[map[string]mcpStatus](srv.ask(ctx, wireRequest{
			Method: "POST", Path: "/mcp", Query: p.query(),
			Body: map[string]any{"name": name, "config": srv.launch.MCP[name]},
		}))
		var no *refusal
		switch {
		case errors.As(err, &no):
			p.mcp[name] = mcpStatus{Status: "failed", Error: no.text}
		case err != nil:
			return fmt.Errorf("give the agent its mcp servers: %w", err)
		default:
			p.mcp[name] = statuses[name]
		}
	}
	return nil
}

// nativeCommand is a slash command of OpenCode.
type nativeCommand struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// compactCommand is OpenCode's own in its terminal; over the API it is a route.
const compactCommand = "compact"

// listCommands asks for the slash commands. Those of a tool server come and go
// with it.
func (p *place) listCommands(ctx context.Context, srv *server) ([]universal.Command, error) {
	native, err := decode[[]nativeCommand](srv.ask(ctx, wireRequest{Method: "GET", Path: "/command", Query: p.query()}))
	if err != nil {
		return nil, fmt.Errorf("read the commands: %w", err)
	}
	commands := []universal.Command{{Name: compactCommand, Description: "Shorten the conversation to a summary"}}
	for _, c := range native {
		if c.Name != compactCommand {
			commands = append(commands, universal.Command{Name: c.Name, Description: oneline.Text(c.Description)})
		}
	}
	return commands, nil
}
