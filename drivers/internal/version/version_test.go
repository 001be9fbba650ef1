package version

import "testing"

func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		version, other string
		older, near    bool
	}{
		{"1.2.3", "1.2.3", false, true},
		{"1.2.3", "1.2.10", true, true},
		{"1.2.3", "1.10.0", true, false},
		{"0.9.9", "1.0.0", true, false},
		{"2.0.0", "1.9.9", false, false},
		{"1.2.3-beta.1", "1.2.4", true, true},
		{"nightly", "1.2.3", false, false},
		{"1.2", "1.2.3", false, false},
	} {
		if older, near := Older(tt.version, tt.other), Near(tt.version, tt.other); older != tt.older || near != tt.near {
			t.Errorf("%s, %s: older %v, near %v; want %v, %v", tt.version, tt.other, older, near, tt.older, tt.near)
		}
	}
}

func TestSeen(t *testing.T) {
	var s Seen
	for i, want := range []bool{true, false} {
		if got := s.First("1.2.3"); got != want {
			t.Errorf("asked for %d times before, it is the first time: %v", i, got)
		}
	}
	if !s.First("1.2.4") {
		t.Error("another version counts as seen")
	}
}
