package install

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxManifest bounds what is read of a package.json.
const maxManifest = 64 << 10

// Packaged returns the version of a program that lies in the npm package that
// brings it, as the package's manifest says; ok is false for any other program.
// It is for whoever has no half second to ask the program itself.
func (p *Program) Packaged(path string) (version string, ok bool) {
	id, err := Identify(path)
	if err != nil {
		return "", false
	}
	for _, pkg := range p.Packages {
		root, inside := strings.CutSuffix(id.Path, string(filepath.Separator)+filepath.FromSlash(pkg.Executable))
		if !inside {
			continue
		}
		name, version := manifest(root)
		version, isOurs := strings.CutSuffix(version, p.suffix(pkg))
		if name == pkg.Name && isOurs && exactVersion.MatchString(version) {
			return version, true
		}
	}
	return "", false
}

// manifest reads name and version of the package in a folder; both are "" where
// there is none.
func manifest(root string) (name, version string) {
	f, err := os.Open(filepath.Join(root, "package.json"))
	if err != nil {
		return "", ""
	}
	defer f.Close()
	var m struct{ Name, Version string }
	if json.NewDecoder(io.LimitReader(f, maxManifest)).Decode(&m) != nil {
		return "", ""
	}
	return m.Name, m.Version
}
