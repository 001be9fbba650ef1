package opencode

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Who has no login is told so in the words of OpenCode, and what to do.
func TestNoLogin(t *testing.T) {
	var e nativeError
	if err := json.Unmarshal([]byte(`{"name":"UnknownError","data":{"message":"ProviderNoProvidersError: No providers are available\n    at list"}}`), &e); err != nil {
		t.Fatal(err)
	}
	d := e.event()
	if d.Category != universal.CategoryAuth || d.Retryable || !strings.HasPrefix(d.Message, "ProviderNoProvidersError: No providers are available; log in with ") {
		t.Errorf("the error is %+v", d)
	}
}
