package environ

import (
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	base := []string{"HOME=/h", "NESTED=1", "SWITCH=user's", "A=base", "EMPTY="}
	before := slices.Clone(base)
	got := Merge(base, []string{"NESTED", "GONE"}, []string{"SWITCH=ours", "OTHER=ours", "C=ours", "EMPTY=ours"}, map[string]string{"C": "own", "A": "own=x", "NESTED": "own"})
	want := []string{"HOME=/h", "SWITCH=user's", "EMPTY=", "OTHER=ours", "A=own=x", "C=own", "NESTED=own"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the environment (-want +got):\n%s", diff)
	}
	if !slices.Equal(base, before) {
		t.Errorf("the base is changed: %q", base)
	}
}

func TestGet(t *testing.T) {
	env := []string{"A=1", "A=2=3", "B"}
	getenv := Getenv(env)
	for name, want := range map[string]string{"A": "2=3", "B": "", "NONE": ""} {
		if got := getenv(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got, want := Get(env, "a"), runtime.GOOS == "windows"; (got == "2=3") != want {
		t.Errorf("a is %q", got)
	}
}

func TestWithout(t *testing.T) {
	env := []string{"A=1", "B=2", "A=3", "C=4"}
	if diff := cmp.Diff([]string{"B=2"}, Without(env, "A", "C")); diff != "" {
		t.Errorf("the environment (-want +got):\n%s", diff)
	}
	if env[0] != "A=1" || len(env) != 4 {
		t.Errorf("the environment before is changed: %q", env)
	}
}
