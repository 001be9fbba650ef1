package drivers

import "reflect"

// Capabilities says what an agent can do through its driver. The first
// eighteen are the names that clients of the v0.1 API know. Each flag has its
// explanation with it.
type Capabilities struct {
	PlanMode         bool `json:"planMode" doc:"the agent can look around and propose, without changing anything"`
	Permissions      bool `json:"permissions" doc:"it asks before it does something, and is answered"`
	Questions        bool `json:"questions" doc:"it asks the user something, and is answered"`
	ToolCalls        bool `json:"toolCalls" doc:"each tool that it uses, with its input"`
	ToolResults      bool `json:"toolResults" doc:"what each tool gave back"`
	TextMessages     bool `json:"textMessages" doc:"what it says"`
	Images           bool `json:"images" doc:"an image of its own or of a tool, or one that the user sent"`
	FileAttachments  bool `json:"fileAttachments" doc:"files can be sent with a message"`
	SessionLifecycle bool `json:"sessionLifecycle" doc:"begin and end of the session"`
	ErrorEvents      bool `json:"errorEvents" doc:"errors with their category"`
	Reasoning        bool `json:"reasoning" doc:"what it thinks before it answers"`
	Status           bool `json:"status" doc:"what it is busy with beside its answer"`
	CommandExecution bool `json:"commandExecution" doc:"shell commands with output and exit code"`
	FileChanges      bool `json:"fileChanges" doc:"files that it changes, with diffs"`
	MCPTools         bool `json:"mcpTools" doc:"tool servers can be given to one session"`
	StreamingDeltas  bool `json:"streamingDeltas" doc:"texts come in pieces while they are written"`
	ItemStarted      bool `json:"itemStarted" doc:"each item is told when it begins"`
	SharedProcess    bool `json:"sharedProcess" doc:"many sessions share one process of the agent"`

	Interrupt             bool `json:"interrupt" doc:"a running turn can be ended"`
	Steer                 bool `json:"steer" doc:"a message can join the running turn"`
	Resume                bool `json:"resume" doc:"a native conversation can be continued"`
	ModelSwitch           bool `json:"modelSwitch" doc:"the model can change in mid-session"`
	ModeSwitch            bool `json:"modeSwitch" doc:"agent and permission mode can change in mid-session"`
	Variants              bool `json:"variants" doc:"models come in variants, such as efforts"`
	SystemPrompt          bool `json:"systemPrompt" doc:"text can be appended to the system prompt"`
	Skills                bool `json:"skills" doc:"skills can be given to one session"`
	StructuredAttachments bool `json:"structuredAttachments" doc:"attachments reach the model as such, not as paths in the text"`
	Usage                 bool `json:"usage" doc:"tokens of a turn"`
	Cost                  bool `json:"cost" doc:"what a turn cost"`
	Plan                  bool `json:"plan" doc:"the agent's task list"`
	PlanApproval          bool `json:"planApproval" doc:"a finished plan waits for the user's approval, as a question"`
	Subagents             bool `json:"subagents" doc:"sub-agents, with links to the calls that started them"`
	BackgroundTasks       bool `json:"backgroundTasks" doc:"work that outlives its turn"`
	SlashCommands         bool `json:"slashCommands" doc:"the commands that a message can begin with"`
	Compaction            bool `json:"compaction" doc:"shortening of the context is told"`
	SessionDiff           bool `json:"sessionDiff" doc:"what the turn or the session changed, as one diff"`
	Quota                 bool `json:"quota" doc:"limits of the account are told"`
}

// Capability is one flag of an agent.
type Capability struct {
	Name string // as in JSON
	Doc  string // what it means, without an end
	Has  bool
}

// List lists the flags in their order.
func (c Capabilities) List() []Capability {
	v := reflect.ValueOf(c)
	list := make([]Capability, v.NumField())
	for i := range list {
		tag := v.Type().Field(i).Tag
		list[i] = Capability{Name: tag.Get("json"), Doc: tag.Get("doc"), Has: v.Field(i).Bool()}
	}
	return list
}
