package amp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
)

// A question on the side channel gets its answer, and only the one who has the
// secret may ask.
func TestChannel(t *testing.T) {
	lines := make(chan []byte)
	c, err := openChannel(lines)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	answered := make(chan answer, 1)
	go func() {
		a, err := consult(c.address(), request{Kind: kindTool, Tool: "Bash", Input: json.RawMessage(`{"cmd":"ls"}`), ToolUseID: "t"})
		if err != nil {
			t.Error(err)
		}
		answered <- a
	}()
	if got, want := string(<-lines), `{"type":"channel","subtype":"request","id":1,"request":{"kind":"tool","tool":"Bash","input":{"cmd":"ls"},"tool_use_id":"t"}}`; got != want {
		t.Errorf("the driver hears %s, want %s", got, want)
	}
	if err := c.answer(1, json.RawMessage(`{"action":"reject","text":"no"}`)); err != nil {
		t.Error(err)
	}
	if a := <-answered; a.Action != actionReject || a.Text != "no" {
		t.Errorf("the answer is %+v", a)
	}
	if err := c.answer(1, nil); err != errNotAsked {
		t.Errorf("a second answer gives %v", err)
	}

	host, _, _ := strings.Cut(c.address(), "/")
	if _, err := consult(host+"/guessed", request{Kind: kindTool}); err == nil {
		t.Error("somebody without the secret is answered")
	}

	// Whoever goes before the answer is told of, and whether they said so.
	for _, goes := range []struct{ word, want string }{
		{"", `{"type":"channel","subtype":"gone","id":2}`},
		{"\n", `{"type":"channel","subtype":"left","id":3}`},
	} {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		line, err := encodeLine(hello{Secret: c.secret, Request: json.RawMessage(`{"kind":"alive"}`)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(line); err != nil {
			t.Fatal(err)
		}
		<-lines
		if _, err := conn.Write([]byte(goes.word)); err != nil {
			t.Error(err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if got := string(<-lines); got != goes.want {
			t.Errorf("the driver hears %s, want %s", got, goes.want)
		}
	}
}

// A channel that closes lets nobody wait.
func TestChannelCloses(t *testing.T) {
	c, err := openChannel(make(chan []byte)) // nobody listens
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := consult(c.address(), request{Kind: kindTool})
		failed <- err
	}()
	c.close()
	if err := <-failed; err == nil {
		t.Error("somebody was answered by nobody")
	}
}

// bridge answers the requests of a test, and returns its address.
func bridge(t *testing.T, reply func(request) answer) string {
	t.Helper()
	lines := make(chan []byte)
	c, err := openChannel(lines)
	if err != nil {
		t.Fatal(err)
	}
	done, stop := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case line := <-lines:
				var l channelLine
				var h head
				if err := json.Unmarshal(line, &l); err != nil {
					t.Error(err)
				}
				if json.Unmarshal(line, &h) == nil && h.Subtype == "request" {
					encoded, _ := json.Marshal(reply(l.Request))
					_ = c.answer(l.ID, encoded) // its asker tells if that fails
				}
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		c.close()
		<-done
	})
	return c.address()
}

func TestDelegate(t *testing.T) {
	address := bridge(t, func(r request) answer {
		if r.Tool == "Bash" && string(r.Input) == `{"cmd":"ls"}` && r.ToolUseID == "t" {
			return answer{Action: actionAllow}
		}
		return answer{Action: actionReject, Text: "not this"}
	})
	env := environ.Getenv([]string{delegateVariable + "=Bash", "AGENT_TOOL_USE_ID=t"})
	for _, c := range []struct {
		input, address string
		code           int
		says           string
	}{
		{`{"cmd":"ls"}`, address, exitAllow, ""},
		{`{"cmd":"rm"}`, address, exitReject, "not this\n"},
		{`{"cmd`, address, exitReject, "the tool's input is no JSON\n"},
		{`{}`, "127.0.0.1:1/x", exitReject, "reach the bridge"},
	} {
		var stderr bytes.Buffer
		if code := delegate(strings.NewReader(c.input), &stderr, c.address, env); code != c.code || !strings.HasPrefix(stderr.String(), c.says) {
			t.Errorf("%s: exit code %d, %q; want %d, %q", c.input, code, stderr.String(), c.code, c.says)
		}
	}
}

func TestAsker(t *testing.T) {
	address := bridge(t, func(r request) answer {
		if strings.Contains(string(r.Input), "Why?") && r.Kind == kindQuestion {
			return answer{Action: actionAnswer, Text: "because"}
		}
		return answer{Action: actionReject, Text: "not now"}
	})
	in := strings.Join([]string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`not json`,
		`{"jsonrpc":"2.0","id":"two","method":"tools/list"}`,
		`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"ask_user","arguments":{"questions":[{"question":"Why?"}]}}}`,
		`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"ask_user","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":7}`,
		`{"jsonrpc":"2.0","id":6,"method":"from/the/future"}`,
		`{"jsonrpc":"2.0","id":7,"method":"ping"}`,
	}, "\n") + "\n"
	var out bytes.Buffer
	if err := serveAsker(strings.NewReader(in), &out, address); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`"id":1,"result":{"capabilities":{"tools":{}},"protocolVersion":"2025-06-18"`,
		`"id":"two","result":{"tools":[{"description":`,
		`"id":3,"result":{"content":[{"text":"because","type":"text"}],"isError":false}`,
		`"id":4,"result":{"content":[{"text":"not now","type":"text"}],"isError":true}`,
		`"id":5,"error":{"code":-32603`,
		`"id":6,"error":{"code":-32601`,
		`"id":7,"result":{}`,
	}
	lines := bufio.NewScanner(&out)
	for _, w := range want {
		if !lines.Scan() || !strings.Contains(lines.Text(), w) || !json.Valid(lines.Bytes()) {
			t.Errorf("the server says %s, want %s", lines.Text(), w)
		}
	}
	if lines.Scan() {
		t.Errorf("the server says too much: %s", lines.Text())
	}
}

func TestReadBounded(t *testing.T) {
	r := bufio.NewReader(strings.NewReader(strings.Repeat("x", 100_000) + "\nrest"))
	if line, err := readBounded(r, 200_000); err != nil || len(line) != 100_000 {
		t.Errorf("a long line is read as %d bytes, %v", len(line), err)
	}
	if _, err := readBounded(r, 10); err != io.EOF {
		t.Errorf("a line without an end gives %v", err)
	}
	if _, err := readBounded(bufio.NewReader(strings.NewReader(strings.Repeat("x", 100_000))), 10_000); err == nil || err == io.EOF {
		t.Errorf("a line that is too long gives %v", err)
	}
}

func TestWithoutControls(t *testing.T) {
	for text, want := range map[string]string{
		"plain\n":                                "plain",
		"Error: bad key\x1b[=0u\x1b[<u\x1b[?25h": "Error: bad key",
		"\x1b[31mred\x1b[0m and more":            "red and more",
		"cut \x1b[":                              "cut",
	} {
		if got := withoutControls(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
