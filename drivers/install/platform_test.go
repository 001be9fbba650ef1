package install

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestPlatformOf(t *testing.T) {
	musl := fstest.MapFS{"lib/ld-musl-x86_64.so.1": {}}
	both := fstest.MapFS{"lib/ld-musl-x86_64.so.1": {}, "lib/x86_64-linux-gnu/libc.so.6": {}}
	tests := []struct {
		goos, goarch string
		baseline     bool
		root         fstest.MapFS
		want         Platform
	}{
		{"linux", "amd64", false, nil, "linux-x64"},
		{"linux", "arm64", false, nil, "linux-arm64"},
		{"linux", "amd64", false, musl, "linux-x64-musl"},
		{"linux", "amd64", true, musl, "linux-x64-baseline-musl"},
		{"linux", "amd64", true, both, "linux-x64-baseline"},
		{"darwin", "arm64", false, musl, "darwin-arm64"},
		{"windows", "amd64", true, nil, "windows-x64-baseline"},
	}
	for _, tt := range tests {
		if got := platformOf(tt.goos, tt.goarch, tt.baseline, tt.root); got != tt.want {
			t.Errorf("platformOf(%s, %s, %v) = %s, want %s", tt.goos, tt.goarch, tt.baseline, got, tt.want)
		}
	}
}

// Which package each host gets of agents that publish more or fewer of them.
func TestBestPackage(t *testing.T) {
	tests := []struct {
		host    Platform
		program Program
		want    Platform // "" for none
	}{
		{"linux-x64", OpenCode(), "linux-x64"},
		{"linux-x64-baseline", OpenCode(), "linux-x64-baseline"},
		{"linux-x64-baseline-musl", OpenCode(), "linux-x64-baseline-musl"},
		{"linux-x64-baseline", Claude(), "linux-x64"},
		{"linux-x64-baseline-musl", Claude(), "linux-x64-musl"},
		{"linux-arm64-musl", Codex(), "linux-arm64-musl"},
		{"linux-x64-musl", Amp(), ""},
		{"windows-arm64", Amp(), ""},
		{"plan9-mips", Claude(), ""},
	}
	for _, tt := range tests {
		got, pkg, ok := tt.program.Packages.For(tt.host)
		if got != tt.want || ok != (tt.want != "") || ok && pkg.Executable == "" {
			t.Errorf("%s on %s: %s (%+v), want %s", tt.program.Agent, tt.host, got, pkg, tt.want)
		}
	}
}

func TestRelatedPlatforms(t *testing.T) {
	for host, want := range map[Platform][]Platform{
		"linux-x64":               {"linux-x64", "linux-x64-baseline", "linux-x64-musl"},
		"linux-x64-baseline-musl": {"linux-x64-baseline-musl", "linux-x64-musl", "linux-x64"},
		"darwin-arm64":            {"darwin-arm64", "darwin-arm64-baseline"},
	} {
		if diff := cmp.Diff(want, host.related()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", host, diff)
		}
	}
}
