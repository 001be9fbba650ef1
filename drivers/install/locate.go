package install

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Locate returns the absolute path of a program that can be executed. getenv
// reads the environment, as os.Getenv does. The error is a *universal.Error of
// kind agent_not_installed that tells where was looked and what to do.
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
		if found, ok := newStore(dir, p.Agent).current(); ok {
			return found, nil
		}
		looked = append(looked, dir)
		if found := p.under(filepath.Join(dir, "bin")); found != "" {
			return found, nil
		}
	}
	looked = append(looked, "PATH")
	for _, dir := range filepath.SplitList(getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue // a relative one depends on where the bridge was started
		}
		if found := p.under(dir); found != "" {
			return found, nil
		}
	}
	if home, err := homeDir(getenv); err == nil {
		for _, folder := range p.Homes {
			dir := filepath.Join(home, filepath.FromSlash(folder))
			looked = append(looked, dir)
			if found := p.under(dir); found != "" {
				return found, nil
			}
		}
	}
	return "", p.notInstalled("looked in %s", strings.Join(looked, ", "))
}

func (p *Program) notInstalled(format string, args ...any) error {
	return universal.AgentNotInstalled(p.Agent, fmt.Sprintf(format, args...)+"; "+p.hint())
}

// hint tells how to get the program.
func (p *Program) hint() string {
	return "install it with: sandbox-agent install-agent " + p.Agent +
		", or: npm install -g " + p.Launchers[0] + ", or set " + p.Variable
}

// under finds the program in a directory, or returns "".
func (p *Program) under(dir string) string {
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
