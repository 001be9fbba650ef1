package install

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// DataDirVariable names the environment variable that holds the bridge's data
// directory.
const DataDirVariable = "SANDBOX_AGENT_DATA_DIR"

// DataDir is the bridge's data directory: what the environment says, else
// sandbox-agent in the platform's directory for a user's data.
func DataDir(getenv func(string) string) (string, error) {
	if dir := getenv(DataDirVariable); dir != "" {
		return filepath.Abs(dir)
	}
	home, err := homeDir(getenv)
	if err != nil {
		return "", fmt.Errorf("find the data directory (set %s to choose one): %w", DataDirVariable, err)
	}
	base := filepath.Join(home, ".local", "share")
	switch runtime.GOOS {
	case "windows":
		if base = getenv("LOCALAPPDATA"); base == "" {
			base = filepath.Join(home, "AppData", "Local")
		}
	case "darwin":
		base = filepath.Join(home, "Library", "Application Support")
	default:
		if dir := getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
			base = dir
		}
	}
	return filepath.Join(base, "sandbox-agent"), nil
}

// homeDir is the user's home directory: the environment's, else the system's.
func homeDir(getenv func(string) string) (string, error) {
	variable := "HOME"
	if runtime.GOOS == "windows" {
		variable = "USERPROFILE"
	}
	if home := getenv(variable); home != "" {
		return home, nil
	}
	return os.UserHomeDir()
}
