package install

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestDataDir(t *testing.T) {
	got, err := DataDir(getenv(map[string]string{"SANDBOX_AGENT_DATA_DIR": t.TempDir(), "HOME": "/h"}))
	if err != nil || !filepath.IsAbs(got) {
		t.Errorf("data directory %q, %v", got, err)
	}
	home := t.TempDir()
	got, err = DataDir(getenv(map[string]string{"HOME": home, "XDG_DATA_HOME": "relative is ignored"}))
	if err != nil || !strings.HasPrefix(got, home) || filepath.Base(got) != "sandbox-agent" {
		t.Errorf("data directory %q, %v", got, err)
	}
}
