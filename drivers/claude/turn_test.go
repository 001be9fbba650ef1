package claude

// turnLines is a turn with a thought, a text, a command and its result, as the
// CLI prints it.
var turnLines = []string{
	`{"type":"command_lifecycle","command_uuid":"u1","state":"started","uuid":"l1","session_id":"s"}`,
	`{"type":"system","subtype":"init","cwd":"/w","session_id":"s","model":"big","permissionMode":"default","capabilities":["msg_lifecycle_v1"],"user_message_uuids":["u1"]}`,
	`{"type":"system","subtype":"status","status":"requesting","session_id":"s","uuid":"x1"}`,
	`{"type":"stream_event","event":{"type":"message_start","message":{"id":"m1","model":"big","content":[],"usage":{"input_tokens":100,"cache_creation_input_tokens":20,"cache_read_input_tokens":30,"output_tokens":1}}},"parent_tool_use_id":null,"api_message_id":"m1"}`,
	`{"type":"stream_event","event":{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}},"parent_tool_use_id":null,"api_message_id":"m1"}`,
	`{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}},"parent_tool_use_id":null,"api_message_id":"m1"}`,
	`{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}},"parent_tool_use_id":null,"api_message_id":"m1"}`,
	`{"type":"assistant","message":{"id":"m1","model":"big","content":[{"type":"thinking","thinking":"Hm.","signature":"c2ln"}],"stop_reason":null,"usage":{"output_tokens":1}},"parent_tool_use_id":null}`,
	`{"type":"stream_event","event":{"type":"content_block_stop","index":0},"parent_tool_use_id":null,"api_message_id":"m1"}`,
	`{"type":"stream_event","event":{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t1","name":"Bash","input":{}}},"parent_tool_use_id":null,"api_message_id":"m1"}`,
	`{"type":"stream_event","event":{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"command\":\"exit 3\"}"}},"parent_tool_use_id":null,"api_message_id":"m1"}`,
	`{"type":"assistant","message":{"id":"m1","model":"big","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{"command": "exit 3"}}],"stop_reason":null,"usage":{"output_tokens":1}},"parent_tool_use_id":null}`,
	`{"type":"control_request","request_id":"r1","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"exit 3"},"permission_suggestions":[{"type":"addRules","rules":[{"toolName":"Bash","ruleContent":"exit 3"}],"behavior":"allow","destination":"localSettings"},{"type":"setMode","mode":"acceptEdits","destination":"session"}],"tool_use_id":"t1"}}`,
	`{"type":"stream_event","event":{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":40}},"parent_tool_use_id":null,"api_message_id":"m1"}`,
	`{"type":"stream_event","event":{"type":"message_stop"},"parent_tool_use_id":null,"api_message_id":"m1"}`,
	`{"type":"control_cancel_request","request_id":"r1"}`,
	`{"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"Exit code 3\noops","is_error":true}]},"parent_tool_use_id":null,"tool_use_result":"Error: Exit code 3\noops"}`,
	`{"type":"assistant","message":{"id":"x9","model":"<synthetic>","content":[{"type":"text","text":"API Error: 529 Overloaded"}]},"parent_tool_use_id":null,"error":"server_error","api_error_status":529,"api_error_type":"overloaded_error"}`,
	`{"type":"result","subtype":"success","is_error":true,"result":"API Error: 529 Overloaded","session_id":"s","terminal_reason":"api_error","total_cost_usd":0.5,"usage":{"input_tokens":100,"output_tokens":40},"modelUsage":{"big":{"inputTokens":100,"outputTokens":45,"cacheReadInputTokens":30,"cacheCreationInputTokens":20,"costUSD":0.5,"contextWindow":200000,"thinkingTokens":5}},"user_message_uuids":["u1"]}`,
	`{"type":"rate_limit_event","rate_limit_info":{"status":"allowed_warning","resetsAt":1795400000,"rateLimitType":"five_hour","utilization":0.9}}`,
	`{"type":"system","subtype":"something_new","value":1}`,
}
