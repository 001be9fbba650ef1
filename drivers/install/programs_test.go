package install

import (
	"encoding/base64"
	"path"
	"strings"
	"testing"
)

func TestPrograms(t *testing.T) {
	for _, p := range Programs() {
		if found, ok := Find(p.Agent); !ok || found.Command != p.Command {
			t.Errorf("%s: found %+v", p.Agent, found)
		}
		if p.Variable != "SANDBOX_AGENT_"+strings.ToUpper(p.Agent)+"_PATH" {
			t.Errorf("%s: variable %s", p.Agent, p.Variable)
		}
		if !exactVersion.MatchString(p.Version) || len(p.Launchers) == 0 || len(p.Packages) == 0 {
			t.Errorf("%s: incomplete: version %q, launchers %v", p.Agent, p.Version, p.Launchers)
		}
		for platform, pkg := range p.Packages {
			if digest, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(pkg.Integrity, "sha512-")); pkg.Integrity != "" && (err != nil || len(digest) != 64) {
				t.Errorf("%s %s: integrity %q is no sha512 digest", p.Agent, platform, pkg.Integrity)
			}
			if !strings.HasPrefix(pkg.Version, p.Version) || !exactVersion.MatchString(pkg.Version) {
				t.Errorf("%s %s: package version %q of program version %q", p.Agent, platform, pkg.Version, p.Version)
			}
			if exe := path.Ext(pkg.Executable) == ".exe"; exe != strings.HasPrefix(string(platform), "windows-") {
				t.Errorf("%s %s: executable %q", p.Agent, platform, pkg.Executable)
			}
		}
	}
	if _, ok := Find("nobody"); ok {
		t.Error("found a program of no agent")
	}
}

// Codex has the platform in its versions, so another version needs it too.
func TestPackageInAnotherVersion(t *testing.T) {
	p := Codex()
	pkg := p.in(p.Packages["linux-x64"], "1.2.3")
	if pkg.Version != "1.2.3-linux-x64" || pkg.Integrity != "" || p.folder(p.Packages["linux-x64"]) != "@openai/codex-linux-x64" {
		t.Errorf("package %+v", pkg)
	}
	if same := p.in(p.Packages["linux-x64"], p.Version); same.Integrity == "" {
		t.Errorf("the tested version lost its digest: %+v", same)
	}
}

func TestVersionNames(t *testing.T) {
	for version, exact := range map[string]bool{
		"1.2.3": true, "0.0.1790142911-g7618fb": true, "1.2.3-beta.1+x": true,
		"latest": false, "next": false, "1.2": false,
	} {
		if err := CheckVersion(version); err != nil || exactVersion.MatchString(version) != exact {
			t.Errorf("%q: %v, exact %v", version, err, !exact)
		}
	}
	for _, version := range []string{"../1.2.3", "1.2.3/x", "-x", "a b", ">=1", strings.Repeat("9", 200), "a\x00"} {
		if CheckVersion(version) == nil {
			t.Errorf("%q is taken for a version", version)
		}
	}
}
