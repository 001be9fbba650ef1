package install

import (
	"slices"
	"strings"
)

// Program says what an agent's program is called, where it may be, and which
// packages bring it.
type Program struct {
	// Agent is the agent's id.
	Agent string
	// Variable is the environment variable that may hold the program's path.
	Variable string
	// Command is the program's name, without an extension.
	Command string
	// Launchers are the npm packages that people install, each with a launcher
	// of the name Command. The first is the one that has the agent's dist-tags.
	Launchers []string
	// Script says that a launcher of one of these packages can be the program
	// itself, run by Node, where no native program belongs to it.
	Script string
	// Homes are folders below the user's home in which the agent's own
	// installer puts the program, slash-separated.
	Homes []string
	// Version is the one that this bridge was tested with, as the program
	// itself reports it.
	Version string
	// Packages are the npm packages that hold the program of that version,
	// each alone and complete.
	Packages Packages
}

// Packages maps a platform to the package for it.
type Packages map[Platform]Package

// For returns the best package for a host, and the platform that it was
// published for.
func (p Packages) For(host Platform) (Platform, Package, bool) {
	for _, platform := range host.runs() {
		if pkg, ok := p[platform]; ok {
			return platform, pkg, true
		}
	}
	return "", Package{}, false
}

// Package is one npm package that brings a program without running any install
// script.
type Package struct {
	// Name and Version are what npm is asked for. The version can differ from
	// the program's where a publisher puts the platform into it.
	Name, Version string
	// Integrity is the package's digest in the form npm publishes: "sha512-"
	// and standard base64; "" where nobody has seen the package yet, which
	// leaves the registry's word.
	Integrity string
	// Executable is the slash-separated path of the program inside the package.
	Executable string
}

// Programs lists the agents' programs, in the order in which people see them.
func Programs() []Program {
	return []Program{Claude(), Codex(), OpenCode(), Amp()}
}

// Find returns an agent's program.
func Find(agent string) (Program, bool) {
	all := Programs()
	i := slices.IndexFunc(all, func(p Program) bool { return p.Agent == agent })
	if i < 0 {
		return Program{}, false
	}
	return all[i], true
}

// suffix is what a publisher adds to the program's version to make the
// package's; "" for most.
func (p *Program) suffix(pkg Package) string {
	return strings.TrimPrefix(pkg.Version, p.Version)
}

// folder is the name that a package has in a node_modules folder. Packages
// that share their name are installed under names with their platform.
func (p *Program) folder(pkg Package) string { return pkg.Name + p.suffix(pkg) }

// in returns the package that brings another version.
func (p *Program) in(pkg Package, version string) Package {
	if version == p.Version {
		return pkg
	}
	pkg.Version = version + p.suffix(pkg)
	pkg.Integrity = ""
	return pkg
}
