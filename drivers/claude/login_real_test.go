package claude

import (
	"path/filepath"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// What an agent without a login is given reaches its model.
func TestRealBorrowedLogin(t *testing.T) {
	b := newBench(t)
	home := writeHome(t, map[string]string{".local/share/opencode/auth.json": borrowed})
	s := b.start(t, drivers.Config{Env: map[string]string{
		"HOME": home, "CLAUDE_CONFIG_DIR": filepath.Join(home, ".claude"), "XDG_DATA_HOME": "", "ANTHROPIC_API_KEY": "",
	}})
	s.send("SCENARIO:text")
	if ended := s.turnEnded(t, 1); ended.StopReason != universal.StopEndTurn {
		t.Errorf("the turn ended as %s", ended.StopReason)
	}
	requests := b.Server.ModelRequests()
	if len(requests) == 0 {
		t.Fatal("the model was not asked")
	}
	for _, q := range requests {
		if key := q.Header.Get("x-api-key"); key != "sk-ant-borrowed-from-opencode" {
			t.Errorf("request %s was sent with the key %q", q.Tag, key)
		}
	}
}
