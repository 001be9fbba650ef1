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
	"slices"
	"strings"
)

// usable returns the program that a path stands for: the file itself if it is
// a native one, else the one that belongs to the launcher at this path, else
// the file itself if it is a script that is no launcher.
func (p *Program) usable(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	form, err := formOf(path)
	if err != nil {
		return "", err
	}
	if form == native {
		return path, nil
	}
	pkg, root := p.launcherPackage(path)
	if found := p.nativeOf(path, root); found != "" {
		return found, nil
	}
	switch {
	case pkg != "" && pkg != p.Script:
		return "", fmt.Errorf("it is the launcher of the package %s, and the package with the program for this system (%s) is not beside it; reinstall it with its optional dependencies", pkg, Host())
	case form == script:
		return path, nil
	}
	return "", errors.New("it can't be executed")
}

// form is what a file is to the system.
type form int

const (
	inert  form = iota // the system can't execute it
	script             // it names its interpreter
	native             // it is a program
)

// magics are the first bytes of native programs: ELF, Mach-O in its kinds, PE.
var magics = [][]byte{
	{0x7F, 'E', 'L', 'F'},
	{0xCF, 0xFA, 0xED, 0xFE}, {0xCE, 0xFA, 0xED, 0xFE}, {0xCA, 0xFE, 0xBA, 0xBE},
	{'M', 'Z'},
}

// formOf looks at a file's mode and first bytes. A text without an interpreter
// can't be executed, whatever its mode says.
func formOf(path string) (form, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return inert, errors.New("there is no such file")
	case err != nil:
		return inert, err
	case info.IsDir():
		return inert, errors.New("it is a directory")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o111 == 0:
		return inert, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return native, nil // what may be executed need not be readable
	}
	if err != nil {
		return inert, err
	}
	defer f.Close()
	head := make([]byte, 4)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return inert, nil
	}
	head = head[:n]
	switch {
	case slices.ContainsFunc(magics, func(magic []byte) bool { return bytes.HasPrefix(head, magic) }):
		return native, nil
	case bytes.HasPrefix(head, []byte("#!")) && runtime.GOOS != "windows":
		return script, nil
	}
	return inert, nil
}

// launcherPackage tells of which of the agent's packages a file is a part, and
// where that package is; "" for none.
func (p *Program) launcherPackage(file string) (pkg, root string) {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return "", ""
	}
	for dir := filepath.Dir(target); ; dir = filepath.Dir(dir) {
		for _, pkg := range p.Launchers {
			if strings.HasSuffix(filepath.ToSlash(dir), "/node_modules/"+pkg) {
				return pkg, dir
			}
		}
		if dir == filepath.Dir(dir) {
			return "", ""
		}
	}
}

// nativeOf finds the program that belongs to a launcher, whose package is in
// root if that is known.
func (p *Program) nativeOf(launcher, root string) string {
	roots := []string{root}
	if root == "" {
		roots = p.rootsBeside(launcher)
	}
	for _, root := range roots {
		for _, modules := range p.modules(root) {
			for _, platform := range Host().related() {
				pkg, ok := p.Packages[platform]
				if !ok {
					continue
				}
				path := filepath.Join(modules, p.folder(pkg), filepath.FromSlash(pkg.Executable))
				if form, err := formOf(path); err == nil && form == native {
					return path
				}
			}
		}
	}
	return ""
}

// rootsBeside are the folders that the agent's packages may be in when their
// launcher is no link into them: a small script, as package managers write it
// on Windows, or pnpm everywhere.
func (p *Program) rootsBeside(launcher string) []string {
	dir := filepath.Dir(launcher)
	modules := []string{filepath.Join(dir, "node_modules")}
	if filepath.Base(dir) == ".bin" {
		modules = append(modules, filepath.Dir(dir))
	}
	// The folder's name is a number that pnpm raises now and then.
	if global, err := filepath.Glob(filepath.Join(dir, "global", "*", "node_modules")); err == nil {
		modules = append(modules, global...)
	}
	var roots []string
	for _, m := range modules {
		for _, pkg := range p.Launchers {
			// pnpm's packages are links, and their dependencies are beside
			// what these lead to.
			if root, err := filepath.EvalSymlinks(filepath.Join(m, filepath.FromSlash(pkg))); err == nil {
				roots = append(roots, root)
			}
		}
	}
	return roots
}

// modules are the node_modules folders in which the dependencies of the
// package in root may be: its own, and the one that it lies in itself. An older
// package may depend on a newer one, which then has the program.
func (p *Program) modules(root string) []string {
	own := filepath.Join(root, "node_modules")
	around := own
	for dir := root; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if filepath.Base(dir) == "node_modules" {
			around = dir
			break
		}
	}
	all := []string{own, around}
	for _, pkg := range p.Launchers {
		all = append(all,
			filepath.Join(own, filepath.FromSlash(pkg), "node_modules"),
			filepath.Join(around, filepath.FromSlash(pkg), "node_modules"))
	}
	return all
}
