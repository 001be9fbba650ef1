package opencode

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func testDriver(t *testing.T, own ...string) *Driver {
	t.Helper()
	program := filepath.Join(t.TempDir(), "opencode")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	own = append(own, "HOME="+t.TempDir())
	return New(Options{
		Locate:  func() (string, error) { return program, nil },
		Environ: func() []string { return own },
		Getenv:  environ.Getenv(own),
		Version: func(context.Context, string) (string, error) { return knownVersion, nil },
	})
}

// What makes sessions need servers of their own.
func TestLaunchKey(t *testing.T) {
	d := testDriver(t)
	key := func(cfg drivers.Config) string {
		t.Helper()
		l, err := d.planLaunch(&cfg)
		if err != nil {
			t.Fatal(err)
		}
		k, err := l.key()
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	skills := filepath.Join(t.TempDir(), "greeter")
	if err := os.MkdirAll(skills, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(skills, "SKILL.md"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	plain := key(drivers.Config{Directory: "/a"})
	for name, test := range map[string]struct {
		cfg  drivers.Config
		same bool
	}{
		"another directory, model, mode and prompt": {drivers.Config{
			Directory: "/b", SystemPrompt: "x", Settings: drivers.Settings{Model: "a/b", AgentMode: "plan", Title: "t"},
		}, true},
		"an environment":  {drivers.Config{Env: map[string]string{"A": "1"}}, false},
		"a tool server":   {drivers.Config{MCP: map[string]drivers.MCPServer{"s": {Type: "local", Command: []string{"x"}}}}, false},
		"one that is off": {drivers.Config{MCP: map[string]drivers.MCPServer{"s": {Type: "local", Command: []string{"x"}, Enabled: new(bool)}}}, true},
		"skills":          {drivers.Config{Skills: []drivers.SkillSource{{Source: skills}}}, false},
		"a hosted model":  {drivers.Config{Settings: drivers.Settings{Model: "opencode/free"}}, false},
	} {
		if got := key(test.cfg) == plain; got != test.same {
			t.Errorf("%s: shares a server: %v, want %v", name, got, test.same)
		}
	}
}

// A login for the hosted models, or a user who asks for one, allows them.
func TestHosted(t *testing.T) {
	for name, test := range map[string]struct {
		environ []string
		want    bool
	}{
		"no login": {nil, false},
		"a key":    {[]string{"OPENCODE_API_KEY=made-up"}, true},
	} {
		l, err := testDriver(t, test.environ...).planLaunch(&drivers.Config{})
		if err != nil || l.Hosted != test.want {
			t.Errorf("%s: hosted models: %v (%v), want %v", name, l.Hosted, err, test.want)
		}
	}
}

func TestSpec(t *testing.T) {
	d := testDriver(t, contentVariable+`={"model":"a/b","plugin":["mine"],"share":"auto"}`, passwordVariable+"=old", "OPENCODE_DISABLE_AUTOUPDATE=0", "A=1")
	l, err := d.planLaunch(&drivers.Config{Env: map[string]string{"A": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	spec, private, err := l.spec()
	if err != nil {
		t.Fatal(err)
	}
	defer private.Remove()
	if n := len(slices.DeleteFunc(slices.Clone(spec.Env), func(e string) bool { return !strings.HasPrefix(e, passwordVariable+"=") })); n != 1 {
		t.Errorf("there are %d passwords", n)
	}
	for name, want := range map[string]string{"A": "2", "OPENCODE_DISABLE_AUTOUPDATE": "0", "npm_config_offline": "true"} {
		if got := environ.Get(spec.Env, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if word := environ.Get(spec.Env, passwordVariable); len(word) < 20 || word == "old" {
		t.Errorf("the password is %q", word)
	}
	var content struct {
		Model      string
		Share      string
		Permission map[string]any
		Plugin     []any
	}
	if err := json.Unmarshal([]byte(environ.Get(spec.Env, contentVariable)), &content); err != nil {
		t.Fatal(err)
	}
	if content.Model != "a/b" || content.Share != "disabled" || content.Permission["*"] != "ask" || len(content.Plugin) != 2 || content.Plugin[0] != "mine" {
		t.Errorf("the configuration is %+v", content)
	}
	if strings.Contains(environ.Get(spec.Env, contentVariable), environ.Get(spec.Env, passwordVariable)) {
		t.Error("the password is in the configuration")
	}
}

// A rule's place among others decides, so they have to stay in order.
func TestRulesInOrder(t *testing.T) {
	text, err := json.Marshal(askRules("/private"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), `{"*":"ask","read":{"*":"allow","*.env":"ask"`) || !strings.Contains(string(text), `"/private/*":"allow"`) {
		t.Errorf("the rules are %s", text)
	}
}

func TestCheck(t *testing.T) {
	d := testDriver(t)
	dir := t.TempDir()
	for name, test := range map[string]struct {
		cfg  drivers.Config
		want universal.ErrorKind
	}{
		"fine":               {drivers.Config{Directory: dir, Settings: drivers.Settings{Model: "a/b", AgentMode: "plan"}}, ""},
		"a mode":             {drivers.Config{Directory: dir, Settings: drivers.Settings{AgentMode: "mine"}}, universal.KindModeNotSupported},
		"a permission mode":  {drivers.Config{Settings: drivers.Settings{PermissionMode: "nonsense"}}, universal.KindModeNotSupported},
		"a model":            {drivers.Config{Settings: drivers.Settings{Model: "two words"}}, universal.KindInvalidRequest},
		"a directory":        {drivers.Config{Directory: dir + "/nowhere"}, universal.KindInvalidRequest},
		"a conversation":     {drivers.Config{Resume: "00000000-0000-4000-8000-000000000404"}, universal.KindInvalidRequest},
		"a variable":         {drivers.Config{Env: map[string]string{"A=B": "1"}}, universal.KindInvalidRequest},
		"a prompt":           {drivers.Config{SystemPrompt: "a\x00b"}, universal.KindInvalidRequest},
		"a skill":            {drivers.Config{Skills: []drivers.SkillSource{{Source: dir}}}, universal.KindInvalidRequest},
		"a tool server":      {drivers.Config{MCP: map[string]drivers.MCPServer{"s": {Type: "remote"}}}, universal.KindInvalidRequest},
		"a configuration":    {drivers.Config{Env: map[string]string{contentVariable: "{"}}, universal.KindInvalidRequest},
		"a token's variable": {drivers.Config{MCP: map[string]drivers.MCPServer{"s": {Type: "remote", URL: "http://h", BearerTokenEnvVar: "UNSET"}}}, universal.KindInvalidRequest},
	} {
		err := d.Check(t.Context(), &test.cfg)
		if test.want == "" && err != nil || test.want != "" && universal.KindOf(err) != test.want {
			t.Errorf("%s: error %v, want %s", name, err, test.want)
		}
	}
}

func TestModels(t *testing.T) {
	var list providerList
	err := json.Unmarshal([]byte(`{"providers":[
		{"id":"one","key":"made-up","models":{
			"b":{"name":"B","limit":{"context":100},"variants":{"max":{},"low":{},"own":{},"high":{}}},
			"a":{"name":"A","status":"deprecated"}}},
		{"id":"two","models":{"b":{"name":"B"},"c/d":{"name":"C","limit":{"context":200}}}}],
		"default":{"one":"b","two":"c/d"}}`), &list)
	if err != nil {
		t.Fatal(err)
	}
	p := place{models: list.models(), chosen: list.first()}
	var ids []string
	for _, m := range p.models {
		ids = append(ids, m.id)
	}
	if diff := cmp.Diff([]string{"one/b", "two/b", "two/c/d"}, ids); diff != "" {
		t.Errorf("models (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"low", "high", "max", "own"}, p.models[0].variants); diff != "" {
		t.Errorf("variants (-want +got):\n%s", diff)
	}
	if p.model("b") != nil || p.model("c/d") == nil || p.window("") != 100 || p.window("c/d") != 200 {
		t.Errorf("models are found by the wrong names: %v %v %d %d", p.model("b"), p.model("c/d"), p.window(""), p.window("c/d"))
	}
	if diff := cmp.Diff(&modelRef{"two", "c/d"}, splitModel("two/c/d")); diff != "" {
		t.Errorf("a model's parts (-want +got):\n%s", diff)
	}
}

func TestRelabel(t *testing.T) {
	const native = "Index: a.txt\n=====\n--- a.txt\t\n+++ a.txt\t\n@@ -0,0 +1,1 @@\n+x"
	for name, test := range map[string]struct{ patch, before, after, want string }{
		"added":   {native, "", "a.txt", "--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1,1 @@\n+x\n"},
		"deleted": {native, "a.txt", "", "--- a/a.txt\n+++ /dev/null\n@@ -0,0 +1,1 @@\n+x\n"},
		"empty":   {"Index: a.txt\n", "a.txt", "a.txt", ""},
		"renamed": {"", "a.txt", "b.txt", "rename from a.txt\nrename to b.txt\n"},
		"none":    {"", "", "", ""},
	} {
		if diff := cmp.Diff(test.want, relabel(test.patch, test.before, test.after)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What an attachment becomes, and what harms nobody.
func TestAttachmentPart(t *testing.T) {
	all := func(string) bool { return true }
	none := func(string) bool { return false }
	png := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\b\x00\x00\x00\x00:~\x9bU\x00\x00\x00\x00IEND\xaeB`\x82")
	for name, test := range map[string]struct {
		a     drivers.Attachment
		takes func(string) bool
		mime  string // "" for a path
		wrong bool
	}{
		"picture":            {drivers.Attachment{Data: png, Mime: "text/plain"}, all, "image/png", false},
		"not for this model": {drivers.Attachment{Data: png}, none, "", false},
		"broken picture":     {drivers.Attachment{Data: png[:10], Mime: "image/png"}, all, "", true},
		"text":               {drivers.Attachment{Data: []byte("a"), Mime: "application/json"}, all, "text/plain", false},
		"pdf":                {drivers.Attachment{Data: []byte("%PDF-1.4")}, all, "application/pdf", false},
		"no pdf":             {drivers.Attachment{Data: []byte("x"), Mime: "application/pdf"}, all, "", true},
		"bytes":              {drivers.Attachment{Data: []byte{0, 1}, Mime: "application/octet-stream"}, all, "", false},
		"nothing":            {drivers.Attachment{Data: []byte{}, Filename: "empty"}, all, "", false},
		"no file":            {drivers.Attachment{Path: filepath.Join(t.TempDir(), "none")}, all, "", true},
		"directory":          {drivers.Attachment{Path: t.TempDir()}, all, "", false},
	} {
		part, err := attachmentPart(&test.a, test.takes)
		if (err != nil) != test.wrong {
			t.Errorf("%s: error %v", name, err)
		}
		if got := part; (got == nil) != (test.mime == "") || got != nil && got.Mime != test.mime {
			t.Errorf("%s: part %+v, want type %q", name, got, test.mime)
		}
	}
}

// A mode of the user's own may be a file, or a member of a configuration.
func TestMayHaveMode(t *testing.T) {
	root := t.TempDir()
	inner := filepath.Join(root, "a", "b")
	for file, content := range map[string]string{
		"a/.opencode/agents/by-file.md":       "",
		"a/b/opencode.jsonc":                  `{"agent": {"by-member": {}}}`,
		"home/.config/opencode/agent/user.md": "",
	} {
		path := filepath.Join(root, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"HOME=" + filepath.Join(root, "home")}
	for mode, want := range map[string]bool{
		"": true, "build": true, "plan": true, "by-file": true, "by-member": true, "user": true,
		"nobody": false, "../agents/by-file": false,
	} {
		if got := mayHaveMode(mode, inner, env); got != want {
			t.Errorf("%q: %v, want %v", mode, got, want)
		}
	}
}
