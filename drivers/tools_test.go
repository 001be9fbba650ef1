package drivers_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

func TestMCPServerSpellings(t *testing.T) {
	no := false
	for text, want := range map[string]drivers.MCPServer{
		`{"type":"local","command":"server"}`:                                                       {Type: "local", Command: []string{"server"}},
		`{"type":"stdio","command":["server","-a"],"args":["b"],"environment":{"K":"v"}}`:           {Type: "local", Command: []string{"server", "-a", "b"}, Env: map[string]string{"K": "v"}},
		`{"type":"local","command":"s","env":{"K":"v"},"cwd":"/d","enabled":false,"timeoutMs":5}`:   {Type: "local", Command: []string{"s"}, Env: map[string]string{"K": "v"}, Cwd: "/d", Enabled: &no, TimeoutMS: 5},
		`{"type":"http","url":"u","headers":{"H":"v"},"timeout":7,"transport":"sse"}`:               {Type: "remote", URL: "u", Headers: map[string]string{"H": "v"}, TimeoutMS: 7, Transport: "sse"},
		`{"type":"remote","url":"u","env_http_headers":{"H":"VAR"},"bearerTokenEnvVar":"TOKEN"}`:    {Type: "remote", URL: "u", EnvHeaders: map[string]string{"H": "VAR"}, BearerTokenEnvVar: "TOKEN"},
		`{"type":"remote","url":"u","envHeaders":{"A":"B"},"envHttpHeaders":{"H":"VAR"},"extra":1}`: {Type: "remote", URL: "u", EnvHeaders: map[string]string{"A": "B"}},
	} {
		var got drivers.MCPServer
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestMCPServerMistakes(t *testing.T) {
	for text, hint := range map[string]string{
		`{}`:                            "want local or remote",
		`{"type":"carrier-pigeon"}`:     "want local or remote",
		`{"type":"local"}`:              "command is missing",
		`{"type":"local","command":""}`: "command is missing",
		`{"type":"local","command":7}`:  "neither a string nor a list",
		`{"type":"remote"}`:             "url is missing",
		`{"type":"remote","url":"u","transport":"ftp"}`: "want http or sse",
	} {
		err := json.Unmarshal([]byte(text), new(drivers.MCPServer))
		if err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%s: %v, want %q", text, err, hint)
		}
	}
}

func TestMaskedShowsNamesOnly(t *testing.T) {
	secret := drivers.MCPServer{Type: "remote", URL: "https://me:s3cret@tools.example/mcp?a=b", Env: map[string]string{"K": "s3cret"}, Headers: map[string]string{"Authorization": "s3cret"}}
	b, err := json.Marshal(secret.Masked())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "s3cret") || !strings.Contains(string(b), "Authorization") ||
		!strings.Contains(string(b), `"https://********@tools.example/mcp?a=b"`) {
		t.Errorf("masked: %s", b)
	}
	if secret.Env["K"] != "s3cret" {
		t.Error("the original was masked as well")
	}
}
