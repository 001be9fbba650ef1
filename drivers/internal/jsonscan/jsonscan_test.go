package jsonscan

import (
	"encoding/json"
	"testing"
)

func TestSkipAgreesWithEncodingJSON(t *testing.T) {
	for _, text := range []string{
		``, `{}`, `[]`, `null`, `true`, `false`, `nul`, `0`, `-0`, `01`, `1.`, `1.5e+3`, `1e`, `-`, `.5`,
		`{"a":1}`, `{"a":1,}`, `{"a" : [1, {"b":null}] }`, `[1,]`, `[,]`, `{"a"}`, `{a:1}`,
		`"plain"`, `"esc \n \" \\ \/ \u00e9 \ud83d\ude00"`, `"\x"`, `"\u12"`, "\"raw\nnewline\"", `"open`,
		"\"\u2028 \u00e9\"", `"12345678\""`, "\"1234567\x1f\"", `  {"a":{}}  `, `{} {}`,
	} {
		s := New([]byte(text))
		got := s.Skip() && s.End()
		if want := json.Valid([]byte(text)); got != want {
			t.Errorf("Skip(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestSkipRefusesDeepNesting(t *testing.T) {
	nested := func(depth int) []byte {
		var b []byte
		for range depth {
			b = append(b, '[')
		}
		for range depth {
			b = append(b, ']')
		}
		return b
	}
	s := New(nested(MaxDepth))
	if !s.Skip() {
		t.Errorf("nesting of %d is refused", MaxDepth)
	}
	s = New(nested(MaxDepth + 1))
	if s.Skip() {
		t.Errorf("nesting of %d is accepted", MaxDepth+1)
	}
}

func TestInt(t *testing.T) {
	tests := []struct {
		text string
		want int
		ok   bool
	}{
		{"0", 0, true}, {" 17,", 17, true}, {"999999999", 999999999, true},
		{"1000000000", 0, false}, {"01", 0, false}, {"1.0", 0, false}, {"1e3", 0, false}, {"-1", 0, false}, {"x", 0, false}, {"", 0, false},
	}
	for _, tt := range tests {
		s := New([]byte(tt.text))
		got, ok := s.Int()
		if ok != tt.ok || (ok && got != tt.want) {
			t.Errorf("Int(%q) = %d, %v, want %d, %v", tt.text, got, ok, tt.want, tt.ok)
		}
	}
}

func TestMembers(t *testing.T) {
	s := New([]byte(` { "type" : "x\ty" , "n":7, "skip":[{"a":"}"}], "none":null } `))
	more, ok := s.Open()
	got := map[string]string{}
	for more && ok {
		key, found := s.Key()
		if !found {
			t.Fatal("no key")
		}
		switch name := string(key); {
		case s.Value() == '"':
			inner, escaped, found := s.String()
			if !found || !escaped {
				t.Fatalf("String() of %s = %q, %v, %v", name, inner, escaped, found)
			}
			got[name] = string(Unescape(nil, inner))
		case s.Value() == 'n':
			if !s.Null() {
				t.Fatal("no null")
			}
			got[name] = "null"
		default:
			if !s.Skip() {
				t.Fatalf("cannot skip the value of %s", name)
			}
			got[name] = "skipped"
		}
		more, ok = s.Next()
	}
	if !ok || !s.End() {
		t.Fatalf("ok %v, end %v", ok, s.End())
	}
	want := map[string]string{"type": "x\ty", "n": "skipped", "skip": "skipped", "none": "null"}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
}

// FuzzScanner holds the scanner to its promise: what it accepts, encoding/json
// accepts, and strings come out the same.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{`"a\u00e9\ud83d\ude00\ud83d"`, `{"a":[1,2.5e-7,true,null,"x"]}`, `"\udc00\ud800"`, `"\ud800\u0041"`, "\"\xff\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := New(text)
		if s.Skip() && s.End() && !json.Valid(text) {
			t.Fatalf("%q is accepted and not valid", text)
		}
		s = New(text)
		inner, _, ok := s.String()
		if !ok || !s.End() {
			return
		}
		var want string
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatalf("%q is accepted: %v", text, err)
		}
		if got := string(Unescape(nil, inner)); got != want {
			t.Fatalf("%q is %q, want %q", text, got, want)
		}
	})
}
