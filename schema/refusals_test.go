package schema_test

import (
	"bufio"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/schema"
)

// refusals are params that no method takes, each but for one member as they
// should be.
func refusals() map[string]call {
	return map[string]call{
		"ListParams.limit":       {method: "sessions/list", params: `{"limit":-1}`},
		"EventsParams.offset":    {method: "sessions/events", params: `{"sessionId":"s","offset":-1}`},
		"EventsParams.limit":     {method: "sessions/events", params: `{"sessionId":"s","limit":-1}`},
		"SubscribeParams.offset": {method: "sessions/subscribe", params: `{"sessionId":"s","offset":-1}`},
		"InterruptParams.queue":  {method: "sessions/interrupt", params: `{"sessionId":"s","queue":"later"}`},
		"FSReadParams.offset":    {method: "fs/read", params: `{"sessionId":"s","path":"file","offset":-1}`},
		"FSReadParams.length":    {method: "fs/read", params: `{"sessionId":"s","path":"file","length":-1}`},
		"FSWriteParams.offset":   {method: "fs/write", params: `{"sessionId":"s","path":"file","content":"","offset":-1}`},
	}
}

// What the bridge never takes, the schema refuses too; and it has no number of
// which that isn't known.
func TestRefusals(t *testing.T) {
	validator := newValidator(t)
	client := serveStdio(t, t.TempDir())
	lines := bufio.NewReader(client)
	refused := func(c call) bool {
		t.Helper()
		request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": c.method, "params": json.RawMessage(c.params)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Write(append(request, '\n')); err != nil {
			t.Fatal(err)
		}
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				t.Fatalf("%s: %v", c.method, err)
			}
			var m message
			if err := json.Unmarshal(line, &m); err != nil {
				t.Fatal(err)
			}
			if m.Method == "" {
				return m.Error != nil
			}
		}
	}
	for _, c := range []call{
		{method: "initialize", params: `{"protocolVersion":"1"}`},
		// A negative idleTimeout means never: it is the one number that may be.
		{method: "sessions/create", params: `{"sessionId":"s","agent":"mock","idleTimeout":-1}`},
		{method: "fs/write", params: `{"sessionId":"s","path":"file","content":""}`},
	} {
		definition, err := validator.ParamsOf(c.method)
		if err != nil {
			t.Fatal(err)
		}
		if err := validator.Definition(definition, []byte(c.params)); err != nil {
			t.Errorf("%s: %v", c.method, err)
		}
		if refused(c) {
			t.Fatalf("%s failed", c.method)
		}
	}
	for member, c := range refusals() {
		definition, err := validator.ParamsOf(c.method)
		if err != nil {
			t.Fatal(err)
		}
		if err := validator.Definition(definition, []byte(c.params)); err == nil {
			t.Errorf("%s: the schema takes %s", member, c.params)
		}
		if !refused(c) {
			t.Errorf("%s: the bridge takes %s", member, c.params)
		}
	}
	if diff := cmp.Diff(numbers(t), keys(refusals(), "InterruptParams.queue")); diff != "" {
		t.Errorf("numbers among the params (-schema +tried):\n%s", diff)
	}
}

// keys are those of the calls but for one.
func keys(calls map[string]call, but string) map[string]bool {
	found := map[string]bool{}
	for name := range calls {
		if name != but {
			found[name] = true
		}
	}
	return found
}

// numbers are the members of the methods' params that are numbers.
func numbers(t *testing.T) map[string]bool {
	t.Helper()
	var document struct {
		Defs map[string]struct {
			Properties map[string]struct {
				Type any `json:"type"`
			} `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(schema.Documents()[rpc.FormatJSONSchema], &document); err != nil {
		t.Fatal(err)
	}
	validator := newValidator(t)
	found := map[string]bool{}
	for _, m := range rpc.Table() {
		name, err := validator.ParamsOf(m.Name)
		if err != nil {
			t.Fatal(err)
		}
		for member, property := range document.Defs[name].Properties {
			if (property.Type == "integer" || property.Type == "number") && member != "idleTimeout" {
				found[name+"."+member] = true
			}
		}
	}
	return found
}
