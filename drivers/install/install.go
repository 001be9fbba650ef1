// Package install knows where an agent's program is.
//
// A program is looked for, in this order, where an environment variable says
// so, in the bridge's own data directory, and in the PATH. What is found can be
// executed: a package's launcher that only prints how to install the rest is
// passed over for the native program beside it.
//
// The package starts no program and uses no network.
package install

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// DataDirVariable names the environment variable that holds the bridge's data
// directory.
const DataDirVariable = "SANDBOX_AGENT_DATA_DIR"

// Program says what to look for.
type Program struct {
	// Agent is the agent's id.
	Agent string
	// Variable is the environment variable that may hold the program's path.
	Variable string
	// Command is the program's name, without an extension.
	Command string
	// Package is the npm package that has a launcher of this name in its
	// folder bin, and the native program in platform packages of its own name
	// with "-<platform>" added; "" if there is none.
	Package string
	// Hint tells how to get the program.
	Hint string
}

// Locate returns the absolute path of a program that can be executed. getenv
// reads the environment, as os.Getenv does. The error is a *universal.Error of
// kind agent_not_installed that tells where was looked.
func Locate(p Program, getenv func(string) string) (string, error) {
	if path := getenv(p.Variable); path != "" {
		found, err := p.usable(path)
		if err != nil {
			return "", p.notInstalled("%s is %s: %v", p.Variable, path, err)
		}
		return found, nil
	}
	var looked []string
	if dir, err := DataDir(getenv); err == nil {
		bin := filepath.Join(dir, "bin")
		looked = append(looked, bin)
		if found := p.in(bin); found != "" {
			return found, nil
		}
	}
	for _, dir := range filepath.SplitList(getenv("PATH")) {
		if dir == "" || !filepath.IsAbs(dir) {
			continue // a relative one depends on where the bridge was started
		}
		if found := p.in(dir); found != "" {
			return found, nil
		}
	}
	looked = append(looked, "PATH")
	return "", p.notInstalled("looked in %s", strings.Join(looked, " and "))
}

func (p *Program) notInstalled(format string, args ...any) error {
	return universal.AgentNotInstalled(p.Agent, fmt.Sprintf(format, args...)+"; "+p.Hint+", or set "+p.Variable)
}

// in finds the program in a directory, or returns "".
func (p *Program) in(dir string) string {
	for _, name := range p.names() {
		if found, err := p.usable(filepath.Join(dir, name)); err == nil {
			return found
		}
	}
	return ""
}

// names are the file names under which the program may be found.
func (p *Program) names() []string {
	if runtime.GOOS == "windows" {
		return []string{p.Command + ".exe", p.Command + ".cmd"}
	}
	return []string{p.Command}
}

// usable returns the program at a path, or the native one that the launcher at
// this path stands for.
func (p *Program) usable(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errors.New("there is no such file")
	case err != nil:
		return "", err
	case info.IsDir():
		return "", errors.New("it is a directory")
	}
	if runnable(path, info) {
		return path, nil
	}
	if native := p.native(path); native != "" {
		return native, nil
	}
	return "", errors.New("it can't be executed")
}

// magics are the first bytes of programs: ELF, Mach-O in its kinds, PE, and
// scripts that name their interpreter.
var magics = [][]byte{
	{0x7F, 'E', 'L', 'F'},
	{0xCF, 0xFA, 0xED, 0xFE}, {0xCE, 0xFA, 0xED, 0xFE}, {0xCA, 0xFE, 0xBA, 0xBE},
	{'M', 'Z'},
	{'#', '!'},
}

// runnable tells whether the system can execute a file. A text without an
// interpreter can't be, whatever its mode says.
func runnable(path string, info fs.FileInfo) bool {
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o111 == 0 {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		// What may be executed need not be readable.
		return errors.Is(err, fs.ErrPermission)
	}
	defer f.Close()
	head := make([]byte, 4)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	for _, magic := range magics {
		if bytes.HasPrefix(head[:n], magic) {
			return true
		}
	}
	return false
}

// native finds the platform package's program next to a launcher.
func (p *Program) native(launcher string) string {
	if p.Package == "" {
		return ""
	}
	var roots []string // of the launcher's package
	if target, err := filepath.EvalSymlinks(launcher); err == nil {
		roots = append(roots, filepath.Dir(filepath.Dir(target)))
	}
	// Launchers that are no links, as on Windows, lie beside the modules or in
	// their folder .bin.
	dir := filepath.Dir(launcher)
	roots = append(roots,
		filepath.Join(dir, "node_modules", p.Package),
		filepath.Join(filepath.Dir(dir), p.Package))
	name := p.Command
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	for _, root := range roots {
		for _, platform := range platforms() {
			pkg := p.Package + "-" + platform
			for _, modules := range []string{
				filepath.Join(root, "node_modules"),
				modulesOf(root, p.Package),
			} {
				path := filepath.Join(modules, pkg, name)
				if info, err := os.Stat(path); err == nil && !info.IsDir() && runnable(path, info) {
					return path
				}
			}
		}
	}
	return ""
}

// modulesOf is the node_modules folder that a package lies in.
func modulesOf(root, pkg string) string {
	for range strings.Count(pkg, "/") + 1 {
		root = filepath.Dir(root)
	}
	return root
}

// platforms are the names of this platform in npm packages, the likely one
// first.
func platforms() []string {
	system, machine := runtime.GOOS, runtime.GOARCH
	if system == "windows" {
		system = "win32"
	}
	if machine == "amd64" {
		machine = "x64"
	}
	name := system + "-" + machine
	if system != "linux" {
		return []string{name}
	}
	if loaders, err := filepath.Glob("/lib/ld-musl-*"); err == nil && len(loaders) > 0 {
		return []string{name + "-musl", name}
	}
	return []string{name, name + "-musl"}
}

// DataDir is the bridge's data directory: what the environment says, else
// sandbox-agent in the platform's directory for a user's data.
func DataDir(getenv func(string) string) (string, error) {
	if dir := getenv(DataDirVariable); dir != "" {
		return filepath.Abs(dir)
	}
	home := getenv("HOME")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return "", fmt.Errorf("find the data directory (set %s to choose one): %w", DataDirVariable, err)
		}
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

// Identity tells one state of a file from another without reading it, for what
// is known of a program.
type Identity struct {
	Path    string
	Size    int64
	ModTime time.Time
}

// Identify returns the identity of the file that a path leads to.
func Identify(path string) (Identity, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Identity{}, err
	}
	info, err := os.Stat(target)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Path: target, Size: info.Size(), ModTime: info.ModTime().UTC()}, nil
}
