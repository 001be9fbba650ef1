package credentials

import (
	"encoding/json"
	"testing"
	"time"
)

func TestExpiry(t *testing.T) {
	tests := []struct {
		raw  string
		want string // RFC 3339, "" for the zero time, "error"
	}{
		{``, ""},
		{`null`, ""},
		{`0`, ""},
		{`""`, ""},
		{`1772600767000`, "2026-03-04T05:06:07Z"},
		{`1772600767000.5`, "2026-03-04T05:06:07Z"},
		{`1.772600767e12`, "2026-03-04T05:06:07Z"},
		{`"1772600767000"`, "2026-03-04T05:06:07Z"},
		{`1772600767`, "2026-03-04T05:06:07Z"},
		{`"2026-03-04T05:06:07Z"`, "2026-03-04T05:06:07Z"},
		{`"2026-03-04T07:06:07+02:00"`, "2026-03-04T05:06:07Z"},
		{`1`, "1970-01-01T00:00:01Z"},
		{`1e300`, "33658-09-27T01:46:40Z"},
		{`-1e300`, "-29719-04-05T22:13:20Z"},
		{`"NaN"`, "error"},
		{`"soon"`, "error"},
		{`true`, "error"},
		{`{}`, "error"},
	}
	for _, tt := range tests {
		got, err := expiry(json.RawMessage(tt.raw))
		text := ""
		switch {
		case err != nil:
			text = "error"
		case !got.IsZero():
			text = got.UTC().Truncate(time.Second).Format(time.RFC3339)
		}
		if text != tt.want {
			t.Errorf("%s: %q, want %q (%v)", tt.raw, text, tt.want, err)
		}
	}
}

func TestTokenExpiry(t *testing.T) {
	if got := tokenExpiry(token(now)); !got.Equal(now) {
		t.Errorf("a token that ends at %v ends at %v", now, got)
	}
	for _, other := range []string{"", "sk-key", "a.b", "a.%.c", "a.bm90IGpzb24.c", "e30.e30.e30"} {
		if got := tokenExpiry(other); !got.IsZero() {
			t.Errorf("%q ends at %v", other, got)
		}
	}
}
