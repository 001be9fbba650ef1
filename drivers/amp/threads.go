package amp

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// maxThreads bounds the threads that a driver remembers.
const maxThreads = 4096

// threads are conversations that are known to exist: sessions of this driver
// had them. The zero value knows none.
type threads struct {
	mu    sync.Mutex
	known map[string]struct{}
}

func (k *threads) add(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil || len(k.known) >= maxThreads {
		k.known = map[string]struct{}{}
	}
	k.known[id] = struct{}{}
}

func (k *threads) has(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, known := k.known[id]
	return known
}

// checkThread asks Amp's service whether there is a thread to continue, unless
// that is known. Where the service can't be asked, such as for want of a
// network, the first turn tells.
func (d *Driver) checkThread(ctx context.Context, p installed, id, dir string, env []string) error {
	if id == "" || d.threads.has(id) {
		return nil
	}
	said, err := process.Output(ctx, d.opts.Launch, process.Spec{
		Path: p.path, Args: []string{"threads", "export", id}, Dir: dir, Env: env,
	})
	switch {
	case err == nil:
		d.threads.add(id)
	case ctx.Err() != nil:
		return program.NotStarted(ctx, agentID, err)
	case strings.Contains(fmt.Sprint(err, string(said)), unknownThread):
		return universal.InvalidRequest("resume %s: the agent has no such conversation", id).With("reason", "unknown_conversation").Because(err)
	default:
		d.opts.Logger.Debug("amp can't be asked for a thread", "thread", id, "error", err)
	}
	return nil
}
