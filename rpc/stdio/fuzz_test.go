package stdio

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"testing"
)

// memory is a connection whose input is there from the start.
type memory struct {
	io.Reader
	bytes.Buffer
}

func (m *memory) Read(p []byte) (int, error) { return m.Reader.Read(p) }
func (m *memory) Close() error               { return nil }

// FuzzStream sends arbitrary bytes: the server never panics, reads to the end,
// writes whole frames of valid responses only, at most one for each line of input,
// and never holds a message over the limit.
func FuzzStream(f *testing.F) {
	const limit = 256
	for _, seed := range []string{
		"",
		"{}\n[]\nx\n",
		"\xef\xbb\xbf\r\n{\"id\":1,\"method\":\"echo\",\"params\":{\"a\":[1,{}]}}\r\n",
		`{"id":"\u0061","method":"echo"}` + "\n" + `{"id":-1,"method":"null","params":null}`,
		`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}` + "\n",
		"Content-Length: 24\r\n\r\n{\"id\":1,\"method\":\"echo\"}Content-Length: 2\r\n\r\n[]",
		"content-length: 99999\r\nX: y\r\n\r\nabc",
		"C\n\n\nContent-Length:1\n\n1x Content-Length: 3\n\n{}}",
		`{"id":1,"method":"` + string(bytes.Repeat([]byte("x"), limit)) + "\"}\n{}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		conn := &memory{Reader: bytes.NewReader(input)}
		s := NewStream(conn, StreamOptions{MaxMessageBytes: limit})
		handler := func(_ context.Context, req *Request) (any, func(context.Context), error) {
			if len(req.Params) > limit || len(req.ID) > limit {
				t.Errorf("a message over the limit got through: %s", req.Params)
			}
			if req.Params != nil && !json.Valid(req.Params) {
				t.Errorf("params are not JSON: %q", req.Params)
			}
			return req.Params, nil, nil
		}
		if err := Serve(t.Context(), s, handler, unhurried); err != nil {
			t.Errorf("Serve = %v, want the end of the input", err)
		}
		if n, _ := conn.Reader.Read(make([]byte, 1)); n != 0 {
			t.Error("input was left unread")
		}
		got, err := splitFrames(s.Framing(), conn.Bytes())
		if err != nil {
			t.Fatalf("output: %v", err)
		}
		if lines := bytes.Count(input, []byte{'\n'}) + 1; s.Framing() == FramingLine && len(got) > lines {
			t.Errorf("%d answers to %d lines", len(got), lines)
		}
		for _, m := range got {
			var response struct {
				JSONRPC string           `json:"jsonrpc"`
				ID      *json.RawMessage `json:"id"`
				Result  *json.RawMessage `json:"result"`
				Error   *struct {
					Code int `json:"code"`
				} `json:"error"`
			}
			if err := json.Unmarshal([]byte(m), &response); err != nil || response.JSONRPC != "2.0" {
				t.Errorf("response %s: %v", m, err)
			}
		}
	})
}
