package process

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMarkEnv(t *testing.T) {
	tests := map[string]struct {
		env   []string
		outer string
		want  []string
	}{
		"first":              {[]string{"A=1"}, "", []string{"A=1", MarkVariable + "=b.p"}},
		"within another":     {nil, "x.y", []string{MarkVariable + "=x.y,b.p"}},
		"handed on":          {[]string{MarkVariable + "=x.y", "A=1"}, "x.y", []string{"A=1", MarkVariable + "=x.y,b.p"}},
		"one more":           {[]string{MarkVariable + "=v.w"}, "x.y", []string{MarkVariable + "=x.y,v.w,b.p"}},
		"nobody is a guard":  {[]string{guardVariable + "=x"}, "", []string{MarkVariable + "=b.p"}},
		"similar names stay": {[]string{MarkVariable + "S=1"}, "", []string{MarkVariable + "S=1", MarkVariable + "=b.p"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, markEnv(test.env, test.outer, "b.p")); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMarkOf(t *testing.T) {
	tests := map[string]struct {
		value string
		want  string
		ok    bool
	}{
		"none":    {"", "", false},
		"other":   {"x.p", "", false},
		"own":     {"b.p", "p", true},
		"inner":   {"b.p,x.q", "p", true},
		"outer":   {"x.q,b.p", "p", true},
		"similar": {"bb.p", "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := markOf("b", test.value)
			if got != test.want || ok != test.ok {
				t.Errorf("markOf = %q, %v, want %q, %v", got, ok, test.want, test.ok)
			}
		})
	}
}
