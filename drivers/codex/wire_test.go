package codex

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var messageLines = []string{
	`{"method":"item/agentMessage/delta","params":{"threadId":"t","turnId":"u","itemId":"i","delta":"Grüße \"\n\u00e9\ud83d\ude00"},"emittedAtMs":1}`,
	`{"id":7,"result":{"thread":{"id":"t"}}}`,
	`{"id":"seven","result":null}`,
	`{"error":{"code":-32600,"message":"no"},"id":7}`,
	`{"method":"item/tool/requestUserInput","id":0,"params":{"threadId":"t"}}`,
	`{"method":"initialized"}`,
	`{"method":"a","params":null,"id":null}`,
	`{"method":"a","params":[1,2]}`,
	`{"method":"a","params":{"deep":{"threadId":"no"},"threadId":"yes"}}`,
	`{"method":"a","params":{"threadId":7}}`,
	`{"method":"a","params":{"threadId":"with \"quotes\""}}`,
	`{"Method":"a","PARAMS":{"THREADID":"t"}}`,
	`{"method":"a","extra":{"x":[1,null,"}"]},"params":{"threadId":"t"}}`,
	` { "method" : "a" , "params" : { "threadId" : "t" } } `,
	`{}`, `[]`, `null`, `7`, `"text"`, `{"method":7}`, `{"method":"a"`, `not JSON`, ``,
}

// decodeSlowly is the long way of decodeMessage.
func decodeSlowly(line []byte) (message, error) {
	var l struct {
		Method string          `json:"method"`
		ID     json.RawMessage `json:"id"`
		Params json.RawMessage `json:"params"`
		Result json.RawMessage `json:"result"`
		Error  *rpcError       `json:"error"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return message{}, err
	}
	var to struct {
		ThreadID string `json:"threadId"`
	}
	_ = json.Unmarshal(l.Params, &to)
	m := message{method: l.Method, id: l.ID, params: l.Params, thread: to.ThreadID, result: l.Result, err: l.Error}
	if string(m.id) == "null" {
		m.id = nil
	}
	return m, nil
}

func sameMessage(t *testing.T, line []byte) {
	t.Helper()
	got, gotErr := decodeMessage(line)
	want, wantErr := decodeSlowly(line)
	if (gotErr == nil) != (wantErr == nil) {
		t.Fatalf("%q: error %v, want %v", line, gotErr, wantErr)
	}
	if diff := cmp.Diff(plain(want), plain(got)); diff != "" {
		t.Errorf("%q (-long +short):\n%s", line, diff)
	}
}

func plain(m message) map[string]any {
	return map[string]any{
		"method": m.method, "id": string(m.id), "params": string(m.params), "thread": m.thread, "result": string(m.result), "err": m.err,
		"request": m.isRequest(), "answer": m.isAnswer(),
	}
}

// The short way to read a line gives what the long one does.
func TestDecodeMessage(t *testing.T) {
	for _, line := range messageLines {
		sameMessage(t, []byte(line))
	}
}

func FuzzDecodeMessage(f *testing.F) {
	for _, line := range messageLines {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.Count(bytes.ToLower(line), []byte("threadid")) > 1 || bytes.Contains(line, []byte(`\`)) {
			return // of a member that comes twice the one or the other counts; names are never escaped
		}
		sameMessage(t, line)
	})
}

// The short way to read a delta gives what the long one does.
func TestDecodeDelta(t *testing.T) {
	for _, params := range []string{
		`{"threadId":"t","turnId":"u","itemId":"i","delta":"Grüße \"\n\u00e9\ud83d\ude00"}`,
		`{"turnId":"u","itemId":"i","delta":"x","summaryIndex":3}`,
		`{"turnId":"u","itemId":"i","delta":"x","news":[1]}`,
		`{"turnId":"u","itemId":"i","delta":7}`,
		`{"turnId":"u"`, `{}`, `[]`,
	} {
		var got, want deltaLine
		gotErr := got.decode([]byte(params))
		wantErr := json.Unmarshal([]byte(params), &want)
		if (gotErr == nil) != (wantErr == nil) || gotErr == nil && got != want {
			t.Errorf("%s: %+v %v, want %+v %v", params, got, gotErr, want, wantErr)
		}
	}
}
