package claude

import (
	"bytes"
	"encoding/json"
	"strings"
)

// The lines that the CLI prints, as far as they are read. Decoding ignores
// what is not listed here: the set of fields grows with each release.

// head is what every line has.
type head struct {
	Type    string `json:"type"`
	Subtype string `json:"subtype"`
}

// streamLine wraps one event of the Messages API.
type streamLine struct {
	Event        streamEvent `json:"event"`
	Parent       string      `json:"parent_tool_use_id"`
	APIMessageID string      `json:"api_message_id"`
	Abandoned    *struct {
		MessageID string `json:"api_message_id"`
		From      int    `json:"from_block_index"`
	} `json:"abandoned_blocks"`
}

type streamEvent struct {
	Type         string       `json:"type"`
	Index        int          `json:"index"`
	Message      apiMessage   `json:"message"`
	ContentBlock contentBlock `json:"content_block"`
	Delta        blockDelta   `json:"delta"`
	Usage        apiUsage     `json:"usage"`
}

type blockDelta struct {
	Type        string `json:"type"`
	Text        string `json:"text"`
	Thinking    string `json:"thinking"`
	PartialJSON string `json:"partial_json"`
	StopReason  string `json:"stop_reason"`
}

// apiMessage is a message of the Messages API. Its content is a string or a
// list of blocks.
type apiMessage struct {
	ID         string          `json:"id"`
	Model      string          `json:"model"`
	Content    json.RawMessage `json:"content"`
	StopReason string          `json:"stop_reason"`
	Usage      apiUsage        `json:"usage"`
}

// blocks returns the content as blocks; a string is one text block.
func (m *apiMessage) blocks() ([]contentBlock, error) { return decodeBlocks(m.Content) }

func decodeBlocks(content json.RawMessage) ([]contentBlock, error) {
	content = bytes.TrimSpace(content)
	if len(content) == 0 || string(content) == "null" {
		return nil, nil
	}
	if content[0] == '"' {
		b := contentBlock{Type: "text"}
		if err := json.Unmarshal(content, &b.Text); err != nil {
			return nil, err
		}
		return []contentBlock{b}, nil
	}
	var blocks []contentBlock
	if err := json.Unmarshal(content, &blocks); err != nil {
		return nil, err
	}
	return blocks, nil
}

// contentBlock is a block of any type.
type contentBlock struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Thinking  string          `json:"thinking"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   json.RawMessage `json:"content"`
	IsError   *bool           `json:"is_error"`
	Source    struct {
		MediaType string `json:"media_type"`
		Data      string `json:"data"`
	} `json:"source"`
}

// apiUsage is the usage of one model message; its input excludes the cache.
type apiUsage struct {
	Input         *int64 `json:"input_tokens"`
	CacheCreation *int64 `json:"cache_creation_input_tokens"`
	CacheRead     *int64 `json:"cache_read_input_tokens"`
	Output        *int64 `json:"output_tokens"`
	OutputDetails *struct {
		Thinking *int64 `json:"thinking_tokens"`
	} `json:"output_tokens_details"`
}

// assistantLine is one finished content block. Of an API failure it is the
// text, by the model "<synthetic>", with Error set.
type assistantLine struct {
	Message      apiMessage `json:"message"`
	Parent       string     `json:"parent_tool_use_id"`
	Aborted      bool       `json:"aborted"`
	Error        string     `json:"error"`
	APIStatus    *int       `json:"api_error_status"`
	APIErrorType string     `json:"api_error_type"`
	APIError     string     `json:"api_error"`
	ToolUseMeta  []struct {
		ID          string `json:"id"`
		DisplayName string `json:"display_name"`
		Server      string `json:"server_display_name"`
	} `json:"tool_use_meta"`
}

// userLine carries tool results, and texts that the CLI gives the model.
type userLine struct {
	Message    apiMessage      `json:"message"`
	Parent     string          `json:"parent_tool_use_id"`
	ToolResult json.RawMessage `json:"tool_use_result"`
	ToolMeta   []toolMeta      `json:"tool_result_meta"`
}

// toolMeta tells why a call was not carried out.
type toolMeta struct {
	ID           string `json:"id"`
	NonExecution string `json:"non_execution_kind"`
}

// resultLine ends a turn of the CLI.
type resultLine struct {
	Subtype        string                `json:"subtype"`
	IsError        bool                  `json:"is_error"`
	Result         string                `json:"result"`
	Errors         []string              `json:"errors"`
	SessionID      string                `json:"session_id"`
	StopReason     string                `json:"stop_reason"`
	TerminalReason string                `json:"terminal_reason"`
	APIStatus      *int                  `json:"api_error_status"`
	APIErrorType   string                `json:"api_error_type"`
	APIError       string                `json:"api_error"`
	TotalCostUSD   *float64              `json:"total_cost_usd"`
	Usage          apiUsage              `json:"usage"`
	ModelUsage     map[string]modelUsage `json:"modelUsage"`
	SinceLast      map[string]modelUsage `json:"model_usage_since_last_result"`
	UserMessages   []string              `json:"user_message_uuids"`
	Origin         *struct {
		Kind string `json:"kind"`
	} `json:"origin"`
}

func (r *resultLine) interrupted() bool { return strings.HasPrefix(r.TerminalReason, "aborted") }

// modelUsage is what one model was used for, sub-agents included.
type modelUsage struct {
	Input         int64    `json:"inputTokens"`
	Output        int64    `json:"outputTokens"`
	CacheRead     int64    `json:"cacheReadInputTokens"`
	CacheCreation int64    `json:"cacheCreationInputTokens"`
	Thinking      *int64   `json:"thinkingTokens"`
	CostUSD       *float64 `json:"costUSD"`
	ContextWindow int64    `json:"contextWindow"`
}

// initLine is printed at the start of every turn of the CLI.
type initLine struct {
	SessionID      string   `json:"session_id"`
	Cwd            string   `json:"cwd"`
	Model          string   `json:"model"`
	PermissionMode string   `json:"permissionMode"`
	Capabilities   []string `json:"capabilities"`
	UserMessages   []string `json:"user_message_uuids"`
	// OnlyTerminal are the slash commands that do something in a terminal only.
	OnlyTerminal []string `json:"terminal_slash_commands"`
}

// controlRequest is what the CLI asks of us; the subtype says what Request is.
type controlRequest struct {
	RequestID string          `json:"request_id"`
	Request   json.RawMessage `json:"request"`
}

// toolRequest is the request "can_use_tool".
type toolRequest struct {
	ToolName    string            `json:"tool_name"`
	Input       json.RawMessage   `json:"input"`
	Suggestions []json.RawMessage `json:"permission_suggestions"`
	BlockedPath *string           `json:"blocked_path"`
	Reason      string            `json:"decision_reason"`
	ToolUseID   string            `json:"tool_use_id"`
	AgentID     string            `json:"agent_id"`
}

// controlResponse is the answer to what we ask of the CLI.
type controlResponse struct {
	Subtype   string          `json:"subtype"`
	RequestID string          `json:"request_id"`
	Response  json.RawMessage `json:"response"`
	Error     string          `json:"error"`
	ErrorCode string          `json:"error_code"`
}

// initialized is the answer to initialize.
type initialized struct {
	Commands []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"commands"`
	Models []struct {
		Value        string   `json:"value"`
		DisplayName  string   `json:"displayName"`
		EffortLevels []string `json:"supportedEffortLevels"`
	} `json:"models"`
}

// outgoingLine is one of our own lines, as the converter reads it.
type outgoingLine struct {
	Type      string `json:"type"`
	UUID      string `json:"uuid"`
	RequestID string `json:"request_id"`
	Request   struct {
		Subtype string `json:"subtype"`
	} `json:"request"`
	Response struct {
		RequestID string `json:"request_id"`
		Response  struct {
			Behavior string `json:"behavior"`
		} `json:"response"`
	} `json:"response"`
}
