package install

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// userIn is an environment with a home and nothing else, and no npm.
func userIn(t *testing.T, home string) []string {
	t.Helper()
	t.Setenv("PATH", t.TempDir())
	return []string{"HOME=" + home, "USERPROFILE=" + home}
}

func TestNPMConfigOrder(t *testing.T) {
	root := t.TempDir()
	home, project, prefix := filepath.Join(root, "home"), filepath.Join(root, "project"), filepath.Join(root, "prefix")
	write(t, "a=user\nb=user\nc=user\nprefix="+prefix+"\n", 0o644, home, ".npmrc")
	write(t, "a=project\nb=project\n", 0o644, project, ".npmrc")
	write(t, "{}", 0o644, project, "package.json")
	t.Chdir(project) // whose settings don't count
	write(t, "c=global\nd=global\n", 0o644, prefix, "etc", "npmrc")
	got, err := readNPMConfig(append(userIn(t, home), "NPM_CONFIG_A=environment", "npm_config_B="))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(npmConfig{"a": "environment", "b": "user", "c": "user", "d": "global", "prefix": prefix}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNPMConfigSyntax(t *testing.T) {
	home := t.TempDir()
	write(t, strings.Join([]string{
		"; a comment", "# another", "[section]", "",
		"registry = http://127.0.0.1:1/npm ; behind it",
		`quoted = "a ; b"`,
		`escaped = a\;b\#c`,
		"//127.0.0.1:1/npm/:_authToken=${TOKEN}",
		"unset = ${NOBODY}", "empty = ${NOBODY?}",
		`ca[] = "one\ntwo"`, `ca[] = three`,
		"flag",
	}, "\r\n"), 0o644, home, ".npmrc")
	got, err := readNPMConfig(append(userIn(t, home), "TOKEN=made-up", "npm_config_https_proxy=http://127.0.0.1:2", "npm_config_//127.0.0.1:3/:_authToken=other"))
	if err != nil {
		t.Fatal(err)
	}
	want := npmConfig{
		"registry": "http://127.0.0.1:1/npm", "quoted": "a ; b", "escaped": "a;b#c",
		"//127.0.0.1:1/npm/:_authToken": "made-up", "unset": "${NOBODY}", "empty": "",
		"ca": "one\ntwo\nthree", "flag": "", "https-proxy": "http://127.0.0.1:2", "//127.0.0.1:3/:_authToken": "other",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNPMConfigUnreadable(t *testing.T) {
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".npmrc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := readNPMConfig(userIn(t, home)); err == nil || !strings.Contains(err.Error(), "npm's configuration") {
		t.Errorf("error %v", err)
	}
}

func TestRegistryOfScope(t *testing.T) {
	c := npmConfig{"registry": "http://127.0.0.1:1/all/", "@maker:registry": "http://127.0.0.1:2/makers"}
	for pkg, want := range map[string]string{
		"agent": "http://127.0.0.1:1/all/", "@other/agent": "http://127.0.0.1:1/all/", "@maker/agent": "http://127.0.0.1:2/makers/",
	} {
		if got, err := c.registry(pkg); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", pkg, got, err, want)
		}
	}
	if _, err := (npmConfig{"registry": "ftp://127.0.0.1"}).registry("agent"); err == nil {
		t.Error("no error for a registry that can't be one")
	}
	if got, err := (npmConfig{}).registry("agent"); got != "" || err != nil {
		t.Errorf("without configuration: %q, %v", got, err)
	}
}

func TestAuthorize(t *testing.T) {
	c := npmConfig{
		"//127.0.0.1:1/npm/:_authToken": "token",
		"//127.0.0.1:2/:_auth":          "dXNlcjpwYXNz",
		"//127.0.0.1:3:username":        "user",
		"//127.0.0.1:3:_password":       "cGFzcw==",
		"//127.0.0.1:5/npm/:_authToken": "of-the-registry",
	}
	for address, want := range map[string]string{
		"http://127.0.0.1:1/npm/@maker%2fagent": "Bearer token",
		"http://127.0.0.1:1/npm":                "",
		"http://127.0.0.1:1/other":              "",
		"http://127.0.0.1:2/a/b/c.tgz":          "Basic dXNlcjpwYXNz",
		"http://127.0.0.1:3/a":                  "Basic dXNlcjpwYXNz",
		"http://127.0.0.1:4/a":                  "",
		"http://127.0.0.1:5/a":                  "Bearer of-the-registry", // which is on this host
		"http://me:word@127.0.0.1:4/a":          "Basic bWU6d29yZA==",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.authorize(req, "http://127.0.0.1:5/npm/"); req.URL.User != nil || req.Header.Get("Authorization") != want {
			t.Errorf("%s: %q, want %q", address, req.Header.Get("Authorization"), want)
		}
	}
}

func TestShownAddress(t *testing.T) {
	for address, want := range map[string]string{
		"https://127.0.0.1:1/@maker/npm/":             "https://127.0.0.1:1/@maker/npm/",
		"https://me:secret@127.0.0.1:1/@maker/npm/":   "https://***@127.0.0.1:1/@maker/npm/",
		"https://secret@127.0.0.1:1":                  "https://***@127.0.0.1:1",
		"me:sec/ret@127.0.0.1":                        "***@127.0.0.1",
		"https://me:%zz@127.0.0.1/":                   "https://***@127.0.0.1/",
		"ftp://me:secret@127.0.0.1/":                  "ftp://***@127.0.0.1/",
		"http://me:se\ncret@127.0.0.1 http://x:y@z/a": "http://***@z/a",
	} {
		if got := shown(address); got != want {
			t.Errorf("%q is shown as %q, want %q", address, got, want)
		}
	}
}

// No error about an address tells the login that is in it.
func TestErrorsHideLogins(t *testing.T) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://far.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"ftp://me:secret@127.0.0.1/", "me:secret@127.0.0.1", "http://me:secret@[::1"} {
		_, ofRegistry := npmConfig{"registry": address}.registry("agent")
		if ofRegistry == nil || strings.Contains(ofRegistry.Error(), "secret") {
			t.Errorf("registry %q: error %v", address, ofRegistry)
		}
		if _, err := (npmConfig{"proxy": address}).proxy(req); err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("proxy %q: error %v", address, err)
		}
	}
}

func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		registry, tarball string
		want              []string
	}{
		{"https://near.example/npm/", "https://near.example/files/a.tgz", []string{"https://near.example/files/a.tgz"}},
		{"https://near.example/npm/", "http://near.example/npm/a.tgz", []string{"https://near.example/npm/a.tgz"}},
		{"https://near.example/npm/", "-/a.tgz", []string{"https://near.example/npm/-/a.tgz"}},
		{"https://me:word@near.example/", "https://near.example/a.tgz", []string{"https://me:word@near.example/a.tgz"}},
		{"https://near.example/", "http://far.example/a.tgz?b", []string{"https://near.example/a.tgz?b", "http://far.example/a.tgz?b"}},
		{"https://near.example/npm/", "https://far.example/npm/a.tgz", []string{"https://near.example/npm/a.tgz", "https://far.example/npm/a.tgz"}},
		{"https://near.example/npm/", "https://far.example/@m%2fa/-/a.tgz?b", []string{"https://near.example/npm/@m%2fa/-/a.tgz?b", "https://far.example/@m%2fa/-/a.tgz?b"}},
	} {
		got, err := places(c.registry, c.tarball)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s tells %s: %v (-want +got):\n%s", c.registry, c.tarball, err, diff)
		}
	}
	if _, err := places("https://near.example/", "file:///a.tgz"); err == nil {
		t.Error("no error for a tarball that is no http or https address")
	}
}

func TestProxy(t *testing.T) {
	c := npmConfig{"proxy": "http://127.0.0.1:1", "https-proxy": "http://127.0.0.1:2", "noproxy": "direct.example, .inside.example"}
	for address, want := range map[string]string{
		"http://far.example/":             "http://127.0.0.1:1",
		"https://far.example/":            "http://127.0.0.1:2",
		"https://direct.example/":         "",
		"https://deep.inside.example:99/": "",
		"https://notdirect.example/":      "http://127.0.0.1:2",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if u, err := c.proxy(req); err != nil {
			t.Error(err)
		} else if u != nil {
			got = u.String()
		}
		if got != want {
			t.Errorf("%s: proxy %q, want %q", address, got, want)
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://far.example/", nil)
	if _, err := (npmConfig{"proxy": "nonsense"}).proxy(req); err == nil {
		t.Error("no error for a proxy that is none")
	}
}

func TestCertificates(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]npmConfig{
		"inline":  {"ca": "nonsense"},
		"missing": {"cafile": filepath.Join(dir, "none")},
		"broken":  {"cafile": write(t, "nonsense", 0o644, dir, "ca.pem")},
	} {
		if _, err := c.transport(getenv(nil)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if transport, err := (npmConfig{"strict-ssl": "false"}).transport(getenv(nil)); err != nil || !transport.TLSClientConfig.InsecureSkipVerify {
		t.Errorf("strict-ssl=false: %v", err)
	}
	if transport, err := (npmConfig{}).transport(getenv(nil)); err != nil || transport.TLSClientConfig.InsecureSkipVerify {
		t.Errorf("by default: %v", err)
	}
}

// Whatever is in the file, reading it ends, and what can't be an address isn't
// taken for one.
func FuzzNPMConfig(f *testing.F) {
	f.Add("registry=http://127.0.0.1:1/\n//127.0.0.1:1/:_authToken=x")
	f.Add("; comment\n[x]\na = \"b\nc[]='d'\nregistry=${F?}\\;")
	f.Fuzz(func(t *testing.T, text string) {
		c := npmConfig{}
		c.parse(text, getenv(nil))
		address, err := c.registry("@maker/agent")
		if err != nil || address == "" {
			return
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatalf("%q was taken for an address: %v", address, err)
		}
		c.authorize(req, address)
		_, _ = c.proxy(req)
	})
}
