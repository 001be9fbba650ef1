package install

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// markerName is the file in an installed folder that says what it holds. It is
// written last, so a folder without it was never finished.
const markerName = ".installed.json"

// marker is the content of the marker file.
type marker struct {
	Version    string   `json:"version,omitempty"` // of the program, where it has several
	Platform   Platform `json:"platform,omitempty"`
	Integrity  string   `json:"integrity"`  // of the package the folder was unpacked from
	Executable string   `json:"executable"` // path below the folder, slash-separated
	Size       int64    `json:"size"`       // of the program, in bytes
}

// writeMarker makes the program executable and describes it.
func writeMarker(dir string, m marker) error {
	program := filepath.Join(dir, filepath.FromSlash(m.Executable))
	info, err := os.Stat(program)
	if err != nil {
		return fmt.Errorf("the package does not hold its program: %w", err)
	}
	if err := os.Chmod(program, 0o755); err != nil {
		return err
	}
	m.Size = info.Size()
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, markerName), append(data, '\n'), 0o644)
}

// readMarker returns the program in dir if dir is a finished install. It reads
// the marker and looks at the program's size only.
func readMarker(dir string) (m marker, program string, ok bool) {
	data, err := os.ReadFile(filepath.Join(dir, markerName))
	if err != nil || json.Unmarshal(data, &m) != nil {
		return marker{}, "", false
	}
	local := filepath.FromSlash(m.Executable)
	if !filepath.IsLocal(local) {
		return marker{}, "", false
	}
	program = filepath.Join(dir, local)
	info, err := os.Stat(program)
	return m, program, err == nil && info.Mode().IsRegular() && info.Size() == m.Size
}

// holds tells whether dir is a finished install of a package.
func holds(dir string, pkg Package) (m marker, program string, ok bool) {
	m, program, ok = readMarker(dir)
	return m, program, ok && m.Executable == pkg.Executable && (pkg.Integrity == "" || m.Integrity == pkg.Integrity)
}
