package drivers

// Capabilities says what an agent can do through its driver. The first
// eighteen are the names that clients of the v0.1 API know.
type Capabilities struct {
	PlanMode         bool `json:"planMode"`
	Permissions      bool `json:"permissions"`
	Questions        bool `json:"questions"`
	ToolCalls        bool `json:"toolCalls"`
	ToolResults      bool `json:"toolResults"`
	TextMessages     bool `json:"textMessages"`
	Images           bool `json:"images"`
	FileAttachments  bool `json:"fileAttachments"`
	SessionLifecycle bool `json:"sessionLifecycle"`
	ErrorEvents      bool `json:"errorEvents"`
	Reasoning        bool `json:"reasoning"`
	Status           bool `json:"status"`
	CommandExecution bool `json:"commandExecution"`
	FileChanges      bool `json:"fileChanges"`
	MCPTools         bool `json:"mcpTools"`
	StreamingDeltas  bool `json:"streamingDeltas"`
	ItemStarted      bool `json:"itemStarted"`
	SharedProcess    bool `json:"sharedProcess"`

	Interrupt             bool `json:"interrupt"`             // a running turn can be ended
	Steer                 bool `json:"steer"`                 // a message can join the running turn
	Resume                bool `json:"resume"`                // a native conversation can be continued
	ModelSwitch           bool `json:"modelSwitch"`           // the model can change in mid-session
	ModeSwitch            bool `json:"modeSwitch"`            // agent and permission mode can change in mid-session
	Variants              bool `json:"variants"`              // models come in variants, such as efforts
	SystemPrompt          bool `json:"systemPrompt"`          // text can be appended to the system prompt
	Skills                bool `json:"skills"`                // skills can be given to one session
	StructuredAttachments bool `json:"structuredAttachments"` // attachments reach the model as such, not as paths in the text
	Usage                 bool `json:"usage"`                 // tokens of a turn
	Cost                  bool `json:"cost"`                  // what a turn cost
	Plan                  bool `json:"plan"`                  // the agent's task list
	Subagents             bool `json:"subagents"`             // with parent links
	BackgroundTasks       bool `json:"backgroundTasks"`       // work that outlives its turn
	SlashCommands         bool `json:"slashCommands"`
	Compaction            bool `json:"compaction"`  // shortening of the context is told
	SessionDiff           bool `json:"sessionDiff"` // what the session or turn changed, as one diff
	Quota                 bool `json:"quota"`       // limits of the account are told
}
