package credentials

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestRedacted(t *testing.T) {
	tests := []struct{ secret, want string }{
		{"", ""},
		{"x", "****"},
		{"fifteen letters", "****"},
		{"sixteen letters!", "sixt...ers!"},
		{"sk-ant-api03-abcdefghijklmnop", "sk-a...mnop"},
		{"ab\u00e9\u00e9aaaaaaaaaaaaaaaaa\u00e9\u00e9b", "ab\u00e9...*\u00e9b"},
	}
	for _, tt := range tests {
		if got := NewSecret(tt.secret).Redacted(); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.secret, got, tt.want)
		}
	}
}

// However a credential is printed, its secret isn't.
func TestSecretStaysSecret(t *testing.T) {
	const text = "sk-ant-abcdefghijklmnop"
	c := Credential{Provider: Anthropic, Secret: NewSecret(text)}
	set := Set{Anthropic: &c, Other: map[string]Credential{"x": c}}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		fmt.Fprintf(&out, verb+verb+verb+verb+"\n", c.Secret, c, &c, set)
	}
	data, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(data)
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("found", "secret", c.Secret, "credential", c, "set", set)
	}
	got := out.String()
	for _, form := range []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), text[6:14]} {
		if strings.Contains(got, form) {
			t.Errorf("%s is shown:\n%s", form, got)
		}
	}
	if !strings.Contains(got, "sk-a...mnop") {
		t.Errorf("nothing of the secret is shown:\n%s", got)
	}
}
