package lenient

import "testing"

func TestObject(t *testing.T) {
	type input struct {
		Path  string `json:"path"`
		Count int    `json:"count"`
	}
	for raw, want := range map[string]input{
		`{"path":"a","count":1}`:              {"a", 1},
		`{"count":"many","path":"a","x":[1]}`: {"a", 0},
		`{"path":7,"count":1}`:                {"", 1},
		`[1]`:                                 {},
		`{"path":`:                            {},
		``:                                    {},
	} {
		if got := Object[input]([]byte(raw)); got != want {
			t.Errorf("%s gives %+v, want %+v", raw, got, want)
		}
	}
}
