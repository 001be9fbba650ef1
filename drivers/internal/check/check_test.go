package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestSettings(t *testing.T) {
	for _, tt := range []struct {
		settings drivers.Settings
		kind     universal.ErrorKind // "" for none
	}{
		{drivers.Settings{}, ""},
		{drivers.Settings{PermissionMode: drivers.PermissionBypass, Model: "provider/model-1"}, ""},
		{drivers.Settings{PermissionMode: "anything"}, universal.KindModeNotSupported},
		{drivers.Settings{Model: "two words"}, universal.KindInvalidRequest},
		{drivers.Settings{Model: "line\n"}, universal.KindInvalidRequest},
		{drivers.Settings{Model: "\u00a0model"}, universal.KindInvalidRequest},
	} {
		if err := Settings("agent", tt.settings); universal.KindOf(err) != tt.kind && (err != nil || tt.kind != "") {
			t.Errorf("%+v: %v, want kind %q", tt.settings, err, tt.kind)
		}
	}
}

func TestSession(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		config drivers.Config
		want   string // in the error; "" for none
	}{
		"nothing":            {drivers.Config{}, ""},
		"all of it":          {drivers.Config{Directory: dir, Env: map[string]string{"A": "b=c"}, SystemPrompt: "Be kind."}, ""},
		"relative directory": {drivers.Config{Directory: "."}, "absolute path"},
		"no such directory":  {drivers.Config{Directory: filepath.Join(dir, "none")}, "absolute path"},
		"file":               {drivers.Config{Directory: file}, "absolute path"},
		"variable unnamed":   {drivers.Config{Env: map[string]string{"": "x"}}, `env: ""`},
		"name with =":        {drivers.Config{Env: map[string]string{"A=B": "x"}}, `env: "A=B"`},
		"value with zero":    {drivers.Config{Env: map[string]string{"A": "\x00"}}, `env: "A"`},
		"prompt with zero":   {drivers.Config{SystemPrompt: "\x00"}, "systemPrompt"},
	} {
		err := Session(&tt.config)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.want != "" && (universal.KindOf(err) != universal.KindInvalidRequest || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want invalid_request with %q", name, err, tt.want)
		}
	}
}
