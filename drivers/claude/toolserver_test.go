package claude

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// toolServerRole makes the test binary play an MCP server on stdin and stdout.
const toolServerRole = "CLAUDE_TEST_TOOL_SERVER"

type rpcMessage struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  any             `json:"result,omitempty"`
}

// serveTools has two tools: add adds a and b, ask asks the person.
func serveTools(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	write := func(m rpcMessage) error {
		m.JSONRPC = "2.0"
		line, err := json.Marshal(m)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n", line)
		return err
	}
	var asking json.RawMessage // the call that waits for the person
	for lines.Scan() {
		var m struct {
			rpcMessage
			Result json.RawMessage `json:"result"`
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return err
		}
		answer := rpcMessage{ID: m.ID}
		switch m.Method {
		case "initialize":
			answer.Result = map[string]any{
				"protocolVersion": "2025-06-18",
				"capabilities":    map[string]any{"tools": map[string]any{}},
				"serverInfo":      map[string]string{"name": "demo", "version": "1"},
			}
		case "tools/list":
			schema := map[string]string{"type": "object"}
			answer.Result = map[string]any{"tools": []map[string]any{
				{"name": "add", "description": "Adds a and b", "inputSchema": schema},
				{"name": "ask", "description": "Asks the person", "inputSchema": schema},
			}}
		case "tools/call":
			var call struct {
				Name      string `json:"name"`
				Arguments struct {
					A, B int
				} `json:"arguments"`
			}
			if err := json.Unmarshal(m.Params, &call); err != nil {
				return err
			}
			if call.Name == "ask" {
				asking = m.ID
				answer = rpcMessage{ID: json.RawMessage(`"ask-1"`), Method: "elicitation/create", Params: json.RawMessage(
					`{"message":"Who are you?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"}},"required":["name"]}}`)}
				break
			}
			answer.Result = toolText(fmt.Sprint(call.Arguments.A + call.Arguments.B))
		case "":
			answer = rpcMessage{ID: asking, Result: toolText("answer: " + string(m.Result))}
		default:
			if m.ID == nil {
				continue // a notification
			}
			answer.Result = map[string]any{}
		}
		if err := write(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func toolText(text string) any {
	return map[string]any{"content": []map[string]string{{"type": "text", "text": text}}}
}
