package mock

import "testing"

func TestMemoryIsBounded(t *testing.T) {
	m := newMemory(2)
	first, err := m.open("a", false)
	if err != nil {
		t.Fatal(err)
	}
	m.hear(first)
	for _, id := range []string{"b", "b", "c"} {
		if _, err := m.open(id, false); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.byID) != 2 || len(m.order) != 2 {
		t.Errorf("%d conversations in an order of %d are kept, want 2", len(m.byID), len(m.order))
	}
	again, err := m.open("a", true)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.heard(again); got != 0 {
		t.Errorf("a forgotten conversation has heard %d messages", got)
	}
	if got := m.hear(first); got != 2 {
		t.Errorf("a forgotten conversation that still runs counts %d, want 2", got)
	}
}
