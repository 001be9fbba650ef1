// Generated from the exported schema urn:sandbox-agent:schema:1.1 by scripts/generate.mjs; do not edit.

/**
 * ServerState is whether a server runs.
 * - `stopped`: it starts when it is needed
 * - `error`: it did not start, or died
 */
export type ServerState = "running" | "stopped" | "error";
/**
 * EventSource tells who an event comes from.
 * - `agent`: the agent said so
 * - `daemon`: the bridge made it; such an event is synthetic
 */
export type EventSource = "agent" | "daemon";
/**
 * JSONValue is any value.
 */
export type JSONValue =
  | {
      [k: string]: unknown;
    }
  | {
      [k: string]: unknown;
    }[]
  | string
  | number
  | boolean
  | null;
/**
 * BusyPolicy says what becomes of a message that comes while a turn runs.
 * - `queue`: it runs as the next turn, in order
 * - `reject`: it is refused as session_busy
 * - `interrupt`: the running turn is interrupted first
 * - `steer`: it joins the running turn
 */
export type BusyPolicy = "queue" | "reject" | "interrupt" | "steer";
/**
 * ContentPart is a piece of an item's content. Its `type` tells what it is.
 */
export type ContentPart =
  | CommandPart
  | FileRefPart
  | ImagePart
  | JSONPart
  | ReasoningPart
  | StatusPart
  | TextPart
  | ToolCallPart
  | ToolResultPart;
/**
 * FileAction is what was done to a file.
 */
export type FileAction = "read" | "write" | "patch" | "delete" | "rename";
/**
 * ReasoningVisibility tells whether reasoning is meant to be shown.
 */
export type ReasoningVisibility = "public" | "private";
/**
 * ToolKind says what sort of thing a tool does.
 */
export type ToolKind =
  | "read"
  | "edit"
  | "delete"
  | "move"
  | "search"
  | "execute"
  | "think"
  | "fetch"
  | "mcp"
  | "subagent"
  | "question"
  | "other";
/**
 * PermissionMode says which actions need a permission.
 * - `default`: the agent's own rules
 * - `plan`: nothing may be changed
 * - `bypass`: everything is allowed
 * - `acceptEdits`: file changes are allowed
 */
export type PermissionMode = "default" | "plan" | "bypass" | "acceptEdits";
/**
 * MCPServerConfig is a tool server that a session gets.
 */
export type MCPServerConfig = LocalMCPServerConfig | RemoteMCPServerConfig;
/**
 * DiffScope tells what a diff covers.
 */
export type DiffScope = "turn" | "session";
/**
 * ErrorCategory is the kind of trouble behind an error event.
 */
export type ErrorCategory =
  | "auth"
  | "rate_limit"
  | "usage_limit"
  | "overloaded"
  | "context_length"
  | "network"
  | "agent_crash"
  | "model"
  | "internal";
/**
 * ErrorKind is the stable name of an error; clients switch on it.
 */
export type ErrorKind =
  | "invalid_request"
  | "parse_error"
  | "invalid_message"
  | "unprocessable"
  | "not_found"
  | "method_not_allowed"
  | "payload_too_large"
  | "unsupported_media_type"
  | "unsupported_agent"
  | "mode_not_supported"
  | "agent_not_installed"
  | "session_not_found"
  | "session_already_exists"
  | "session_busy"
  | "session_ended"
  | "token_invalid"
  | "permission_denied"
  | "install_failed"
  | "agent_process_exited"
  | "internal"
  | "stream_error"
  | "timeout"
  | "not_supported"
  | "request_cancelled";
/**
 * EventType names what an event tells and thereby what its data holds.
 */
export type EventType =
  | "session.started"
  | "session.updated"
  | "session.ended"
  | "turn.started"
  | "turn.ended"
  | "item.started"
  | "item.delta"
  | "item.completed"
  | "permission.requested"
  | "permission.resolved"
  | "question.requested"
  | "question.resolved"
  | "usage.updated"
  | "plan.updated"
  | "diff.updated"
  | "quota.updated"
  | "error"
  | "agent.unparsed";
/**
 * UniversalEvent is one entry of a session's stream. Its `type` tells what it is about, and what `data` holds.
 */
export type UniversalEvent =
  | SessionStartedEvent
  | SessionUpdatedEvent
  | SessionEndedEvent
  | TurnStartedEvent
  | TurnEndedEvent
  | ItemStartedEvent
  | ItemDeltaEvent
  | ItemCompletedEvent
  | PermissionRequestedEvent
  | PermissionResolvedEvent
  | QuestionRequestedEvent
  | QuestionResolvedEvent
  | UsageUpdatedEvent
  | PlanUpdatedEvent
  | DiffUpdatedEvent
  | QuotaUpdatedEvent
  | ErrorEvent
  | AgentUnparsedEvent;
/**
 * SessionEndReason tells why a session ended.
 */
export type SessionEndReason = "completed" | "error" | "terminated";
/**
 * TurnPhase is "started" or "ended".
 */
export type TurnPhase = "started" | "ended";
/**
 * TurnOrigin tells who began a turn.
 * - `user`: a message of a client
 * - `agent`: the agent by itself: a background task came back
 */
export type TurnOrigin = "user" | "agent";
/**
 * StopReason tells why a turn ended.
 * - `cancelled`: never ran
 */
export type StopReason = "end_turn" | "interrupted" | "cancelled" | "error" | "max_tokens" | "max_turns" | "refusal";
/**
 * ItemKind tells what an item is.
 */
export type ItemKind = "message" | "tool_call" | "tool_result" | "system" | "status" | "unknown";
/**
 * ItemRole tells who an item comes from. In JSON the empty one is null.
 */
export type ItemRole = "user" | "assistant" | "system" | "tool";
/**
 * ItemStatus is the state of an item.
 */
export type ItemStatus = "in_progress" | "completed" | "failed" | "cancelled";
/**
 * PermissionStatus is the state of a permission request.
 */
export type PermissionStatus = "requested" | "accept" | "accept_for_session" | "reject";
/**
 * PermissionOptionKind tells what choosing a permission option means.
 */
export type PermissionOptionKind = "allow_once" | "allow_always" | "reject_once" | "reject_always";
/**
 * QuestionStatus is the state of a question.
 */
export type QuestionStatus = "requested" | "answered" | "rejected";
/**
 * PlanStatus is the state of one entry of a plan.
 */
export type PlanStatus = "pending" | "in_progress" | "completed" | "cancelled";
/**
 * QuotaKind tells which limit a quota event speaks of.
 */
export type QuotaKind = "rate_limit" | "usage_limit" | "billing";
/**
 * FSEntryType tells directories from everything else.
 */
export type FSEntryType = "file" | "directory";
/**
 * FSEntriesResult is what a directory holds, sorted by name.
 */
export type FSEntriesResult = FSEntry[];
/**
 * SessionStatus is the state of a session.
 * - `waiting`: for a permission or an answer
 */
export type SessionStatus = "starting" | "idle" | "running" | "waiting" | "ended";
/**
 * PermissionDecision is the answer to a permission request.
 */
export type PermissionDecision = "once" | "always" | "reject";
/**
 * SchemaFormat names a description of the API that other programs read.
 * - `json-schema`: of events, params and results
 * - `openapi`: of the methods on HTTP
 * - `openrpc`: of the methods on stdio
 */
export type SchemaFormat = "json-schema" | "openapi" | "openrpc";
/**
 * StreamUntil says when the stream of a turn ends.
 * - `input`: also when a permission or question stays open
 * - `turn`: only with the turn
 */
export type StreamUntil = "input" | "turn";
/**
 * StreamEndReason tells why a stream of events ended.
 */
export type StreamEndReason = "turn_ended" | "input_needed" | "session_deleted" | "unsubscribed" | "shutdown";

/**
 * AgentCapabilities says what an agent can do through its driver. The first eighteen are the names that clients of the v0.1 API know. Each flag has its explanation with it.
 */
export interface AgentCapabilities {
  /**
   * the agent can look around and propose, without changing anything
   */
  planMode: boolean;
  /**
   * it asks before it does something, and is answered
   */
  permissions: boolean;
  /**
   * it asks the user something, and is answered
   */
  questions: boolean;
  /**
   * each tool that it uses, with its input
   */
  toolCalls: boolean;
  /**
   * what each tool gave back
   */
  toolResults: boolean;
  /**
   * what it says
   */
  textMessages: boolean;
  /**
   * an image of its own or of a tool, or one that the user sent
   */
  images: boolean;
  /**
   * files can be sent with a message
   */
  fileAttachments: boolean;
  /**
   * begin and end of the session
   */
  sessionLifecycle: boolean;
  /**
   * errors with their category
   */
  errorEvents: boolean;
  /**
   * what it thinks before it answers
   */
  reasoning: boolean;
  /**
   * what it is busy with beside its answer
   */
  status: boolean;
  /**
   * shell commands with output and exit code
   */
  commandExecution: boolean;
  /**
   * files that it changes, with diffs
   */
  fileChanges: boolean;
  /**
   * tool servers can be given to one session
   */
  mcpTools: boolean;
  /**
   * texts come in pieces while they are written
   */
  streamingDeltas: boolean;
  /**
   * each item is told when it begins
   */
  itemStarted: boolean;
  /**
   * many sessions share one process of the agent
   */
  sharedProcess: boolean;
  /**
   * a running turn can be ended
   */
  interrupt: boolean;
  /**
   * a message can join the running turn
   */
  steer: boolean;
  /**
   * a native conversation can be continued
   */
  resume: boolean;
  /**
   * the model can change in mid-session
   */
  modelSwitch: boolean;
  /**
   * agent and permission mode can change in mid-session
   */
  modeSwitch: boolean;
  /**
   * models come in variants, such as efforts
   */
  variants: boolean;
  /**
   * text can be appended to the system prompt
   */
  systemPrompt: boolean;
  /**
   * skills can be given to one session
   */
  skills: boolean;
  /**
   * attachments reach the model as such, not as paths in the text
   */
  structuredAttachments: boolean;
  /**
   * tokens of a turn
   */
  usage: boolean;
  /**
   * what a turn cost
   */
  cost: boolean;
  /**
   * the agent's task list
   */
  plan: boolean;
  /**
   * a finished plan waits for the user's approval, as a question
   */
  planApproval: boolean;
  /**
   * sub-agents, with links to the calls that started them
   */
  subagents: boolean;
  /**
   * work that outlives its turn
   */
  backgroundTasks: boolean;
  /**
   * the commands that a message can begin with
   */
  slashCommands: boolean;
  /**
   * shortening of the context is told
   */
  compaction: boolean;
  /**
   * what the turn or the session changed, as one diff
   */
  sessionDiff: boolean;
  /**
   * limits of the account are told
   */
  quota: boolean;
}
/**
 * AgentInfo describes an agent on this machine.
 */
export interface AgentInfo {
  id: string;
  name: string;
  installed: boolean;
  credentialsAvailable: boolean;
  version?: string;
  path?: string;
  capabilities: AgentCapabilities;
  /**
   * `login` says in words where the login comes from or how to get one.
   */
  login?: string;
  /**
   * `problem` says why the agent cannot be used, and what to do.
   */
  problem?: string;
  /**
   * `serverStatus` is there for agents whose sessions share a server.
   */
  serverStatus?: ServerStatus;
}
/**
 * ServerStatus tells of an agent's server, or of all of them where sessions can't share one. One that is stopped and says nothing else was never needed.
 */
export interface ServerStatus {
  status: ServerState;
  /**
   * `baseUrl` is where a server that speaks HTTP listens.
   */
  baseUrl?: string;
  /**
   * `uptimeMs` is for how many milliseconds it has been running, if it is.
   */
  uptimeMs?: number;
  /**
   * `restartCount` is how often a server that had died was started again.
   */
  restartCount: number;
  lastError?: string;
}
/**
 * AgentMode is a way an agent works, such as building or planning.
 */
export interface AgentMode {
  id: string;
  name: string;
  description: string;
}
/**
 * AgentModel is a model that can be asked for.
 */
export interface AgentModel {
  id: string;
  name?: string;
  variants?: string[];
  defaultVariant?: string;
}
/**
 * AgentParams name an agent.
 */
export interface AgentParams {
  agent: string;
}
/**
 * `agent.unparsed`: UnparsedData reports a message of the agent that was not understood. The message itself is the event's raw payload.
 */
export interface AgentUnparsedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "agent.unparsed";
  data: UnparsedData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * UnparsedData reports a message of the agent that was not understood. The message itself is the event's raw payload.
 */
export interface UnparsedData {
  /**
   * what is wrong with it
   */
  error: string;
  /**
   * the agent that it came from
   */
  location: string;
  /**
   * always null here
   */
  raw_hash: string | null;
}
/**
 * AgentsResult lists the agents.
 */
export interface AgentsResult {
  agents: AgentInfo[];
}
/**
 * Attachment is a file that comes with a message: `path` on the bridge's machine, or `data` (base64 in JSON) with a `mime` type and a `filename`.
 */
export interface Attachment {
  path?: string;
  data?: string;
  mime?: string;
  filename?: string;
}
/**
 * CancelParams name the request to cancel.
 */
export interface CancelParams {
  id: string | number;
}
/**
 * CancelRequestParams name the request to cancel.
 */
export interface CancelRequestParams {
  requestId: string | number;
}
/**
 * CommandPart is an executed shell command, on its result item.
 */
export interface CommandPart {
  type: "command";
  command: string;
  cwd?: string;
  /**
   * `exit_code` is absent when the command has not ended or nobody said how.
   */
  exit_code?: number;
  output: string;
  /**
   * `duration_ms` is in milliseconds.
   */
  duration_ms?: number;
}
/**
 * FileRefPart is a file that was read or changed.
 */
export interface FileRefPart {
  type: "file_ref";
  path: string;
  action: FileAction;
  /**
   * `from` is the former path of a renamed file.
   */
  from?: string;
  /**
   * `diff` is unified text, null where the agent does not tell enough.
   */
  diff: string | null;
}
/**
 * ImagePart is a picture: a file, or base64 in `data` and then `path` is null.
 */
export interface ImagePart {
  type: "image";
  path: string | null;
  mime: string | null;
  data?: string;
}
/**
 * JSONPart is a structured value that has no part of its own.
 */
export interface JSONPart {
  type: "json";
  json: JSONValue;
}
/**
 * ReasoningPart is what the model thought.
 */
export interface ReasoningPart {
  type: "reasoning";
  text: string;
  visibility: ReasoningVisibility;
}
/**
 * StatusPart is a short notice of what is going on.
 */
export interface StatusPart {
  type: "status";
  label: string;
  detail: string | null;
}
/**
 * TextPart is plain text or Markdown.
 */
export interface TextPart {
  type: "text";
  text: string;
}
/**
 * ToolCallPart is a call of a tool.
 */
export interface ToolCallPart {
  type: "tool_call";
  name: string;
  /**
   * `arguments` is text, normally JSON.
   */
  arguments: string;
  call_id: string;
  tool_kind?: ToolKind;
  /**
   * `title` is one line for a person, such as the command or the path.
   */
  title?: string;
}
/**
 * ToolResultPart is what a call gave: the text that the model got.
 */
export interface ToolResultPart {
  type: "tool_result";
  call_id: string;
  output: string;
  is_error: boolean;
}
/**
 * CreateParams is what a client gives to make a session.
 */
export interface CreateParams {
  /**
   * `sessionId` is the client's choice; one is made when it is empty.
   */
  sessionId?: string;
  /**
   * `agent` is the id of an agent, such as "claude".
   */
  agent: string;
  /**
   * `agentMode` is one of the agent's modes, by default its first; "default" and "code" mean "build".
   */
  agentMode?: string;
  /**
   * `permissionMode` is default, plan, bypass or acceptEdits.
   */
  permissionMode?: PermissionMode;
  model?: string;
  variant?: string;
  /**
   * `agentVersion` is the version of the agent that the session needs: the one that is installed, or where missing agents are installed, any that can be had.
   */
  agentVersion?: string;
  /**
   * `directory` is the agent's working directory, by default the bridge's.
   */
  directory?: string;
  title?: string;
  /**
   * `env` is set for this session's agent only and never shown.
   */
  env?: {
    [k: string]: string;
  };
  /**
   * `resume` is the agent's own id of a conversation to continue, which no other session has open.
   */
  resume?: string;
  /**
   * `systemPrompt` is appended to the agent's own.
   */
  systemPrompt?: string;
  /**
   * `mcp` are tool servers for this session only, by name.
   */
  mcp?: {
    [k: string]: MCPServerConfig;
  };
  /**
   * `skills` are skills for this session only.
   */
  skills?: Skills;
  /**
   * `idleTimeout` stops the agent's process after so many milliseconds without anything to do; the next message brings it back. 0: the bridge's setting; negative: never.
   */
  idleTimeout?: number;
}
/**
 * LocalMCPServerConfig is an MCP server that the agent starts, as a client may give it.
 */
export interface LocalMCPServerConfig {
  type: "local" | "stdio";
  /**
   * `command` is the program, or the program with its arguments.
   */
  command: string | string[];
  args?: string[];
  env?: {
    [k: string]: string;
  };
  /**
   * `environment` is another name of `env`.
   */
  environment?: {
    [k: string]: string;
  };
  cwd?: string;
  /**
   * `enabled` is true unless it says otherwise.
   */
  enabled?: boolean;
  /**
   * `timeoutMs` is in milliseconds.
   */
  timeoutMs?: number;
  /**
   * `timeout` is another name of `timeoutMs`.
   */
  timeout?: number;
}
/**
 * RemoteMCPServerConfig is an MCP server that is reached over HTTP, as a client may give it.
 */
export interface RemoteMCPServerConfig {
  type: "remote" | "http";
  url: string;
  headers?: {
    [k: string]: string;
  };
  transport?: "http" | "sse";
  /**
   * `bearerTokenEnvVar` names an environment variable of the bridge whose value is sent as the token.
   */
  bearerTokenEnvVar?: string;
  /**
   * `envHeaders` name environment variables of the bridge whose values are sent as headers.
   */
  envHeaders?: {
    [k: string]: string;
  };
  /**
   * `enabled` is true unless it says otherwise.
   */
  enabled?: boolean;
  /**
   * `timeoutMs` is in milliseconds.
   */
  timeoutMs?: number;
  /**
   * `timeout` is another name of `timeoutMs`.
   */
  timeout?: number;
}
/**
 * Skills are the places where skills come from.
 */
export interface Skills {
  sources: SkillSource[];
}
/**
 * SkillSource is a place that has skills: folders with a SKILL.md.
 */
export interface SkillSource {
  /**
   * "local"
   */
  type: string;
  /**
   * a directory
   */
  source: string;
  skills?: string[];
  subpath?: string;
}
/**
 * CreateResult tells that a session is ready.
 */
export interface CreateResult {
  healthy: boolean;
  sessionId: string;
  nativeSessionId?: string;
}
/**
 * DiffData is everything that the agent's own editing has changed in its scope so far, as unified text in git's form with names relative to the session's directory. A file of which the agent doesn't tell enough, or that is too long, is in `files` only, without counts. What commands change is there only where the agent tells that, and a session's begins anew when its agent is started again.
 */
export interface DiffData {
  scope: DiffScope;
  diff: string;
  files: DiffFile[];
}
/**
 * DiffFile summarises the change of one file.
 */
export interface DiffFile {
  path: string;
  action: FileAction;
  additions: number;
  deletions: number;
}
/**
 * `diff.updated`: DiffData is everything that the agent's own editing has changed in its scope so far, as unified text in git's form with names relative to the session's directory. A file of which the agent doesn't tell enough, or that is too long, is in `files` only, without counts. What commands change is there only where the agent tells that, and a session's begins anew when its agent is started again.
 */
export interface DiffUpdatedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "diff.updated";
  data: DiffData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * Empty is the params or the result of a method that has none: {}.
 */
export interface Empty {
  [k: string]: unknown;
}
/**
 * ErrorData reports trouble; the session goes on unless session.ended follows.
 */
export interface ErrorData {
  /**
   * for a person
   */
  message: string;
  /**
   * `code` is the agent's or the bridge's own short name of the error.
   */
  code: string | null;
  /**
   * whatever else is known; null if nothing
   */
  details: JSONValue;
  category: ErrorCategory;
  /**
   * `retryable` says that the same message may work later.
   */
  retryable: boolean;
  /**
   * `will_retry` says that the agent is trying again by itself.
   */
  will_retry: boolean;
}
/**
 * `error`: ErrorData reports trouble; the session goes on unless session.ended follows.
 */
export interface ErrorEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "error";
  data: ErrorData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * EventsParams choose events.
 */
export interface EventsParams {
  sessionId: string;
  /**
   * `offset` is the last sequence number seen; the events after it are given.
   */
  offset?: number;
  /**
   * `limit` is how many at the most; none means as many as fit one answer.
   */
  limit?: number;
  includeRaw?: boolean;
}
/**
 * EventsResult is a run of events.
 */
export interface EventsResult {
  events: UniversalEvent[];
  /**
   * `hasMore` tells that there are events after the last of these.
   */
  hasMore: boolean;
}
/**
 * `session.started`: SessionStartedData opens every stream.
 */
export interface SessionStartedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "session.started";
  data: SessionStartedData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * SessionStartedData opens every stream.
 */
export interface SessionStartedData {
  /**
   * `metadata` is {agent, agentMode, permissionMode, model, variant} for a session of this bridge; the last two are null when unset.
   */
  metadata: JSONValue;
}
/**
 * `session.updated`: SessionUpdatedData holds those settings of a session that changed.
 */
export interface SessionUpdatedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "session.updated";
  data: SessionUpdatedData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * SessionUpdatedData holds those settings of a session that changed.
 */
export interface SessionUpdatedData {
  title?: string;
  model?: string;
  variant?: string;
  agent_mode?: string;
  permission_mode?: string;
  native_session_id?: string;
  commands?: SlashCommand[];
}
/**
 * SlashCommand is a slash command that the agent offers.
 */
export interface SlashCommand {
  /**
   * without the slash
   */
  name: string;
  description: string;
}
/**
 * `session.ended`: SessionEndedData closes a stream: nothing comes after it.
 */
export interface SessionEndedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "session.ended";
  data: SessionEndedData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * SessionEndedData closes a stream: nothing comes after it.
 */
export interface SessionEndedData {
  reason: SessionEndReason;
  terminated_by: EventSource;
  /**
   * `message`, `exit_code` and `stderr` are set only with reason error.
   */
  message?: string;
  exit_code?: number;
  stderr?: StderrOutput;
}
/**
 * StderrOutput is what is kept of a process's standard error: up to 70 lines all in `head`; of more, the first 20 in `head` and the last 50 in `tail`.
 */
export interface StderrOutput {
  head?: string;
  tail?: string;
  truncated: boolean;
  total_lines?: number;
}
/**
 * `turn.started`: TurnStartedData opens a turn.
 */
export interface TurnStartedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "turn.started";
  data: TurnStartedData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * TurnStartedData opens a turn.
 */
export interface TurnStartedData {
  phase: TurnPhase;
  turn_id?: string;
  origin: TurnOrigin;
  /**
   * `client_message_id` is the idempotency key that the client sent along.
   */
  client_message_id?: string;
  metadata?: JSONValue;
}
/**
 * `turn.ended`: TurnEndedData closes a turn. All that the turn opened is closed before it.
 */
export interface TurnEndedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "turn.ended";
  data: TurnEndedData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * TurnEndedData closes a turn. All that the turn opened is closed before it.
 */
export interface TurnEndedData {
  phase: TurnPhase;
  turn_id?: string;
  stop_reason: StopReason;
  /**
   * of this turn
   */
  usage?: Usage;
  metadata?: JSONValue;
}
/**
 * Usage counts the tokens of the turn so far. One meaning for every agent: input includes cache reads and writes, output includes reasoning, total is input plus output, sub-agents are included. A figure that the agent does not give is absent.
 */
export interface Usage {
  /**
   * with those of the cache
   */
  input_tokens?: number;
  /**
   * read from the cache
   */
  cached_input_tokens?: number;
  /**
   * written to the cache
   */
  cache_write_tokens?: number;
  /**
   * with those of reasoning
   */
  output_tokens?: number;
  reasoning_tokens?: number;
  /**
   * input and output
   */
  total_tokens?: number;
  /**
   * `cost_usd` is what the agent says the turn cost, in US dollars.
   */
  cost_usd?: number;
  /**
   * `context_window` is the model's limit, `context_used` what of it is taken.
   */
  context_window?: number;
  context_used?: number;
}
/**
 * `item.started`: ItemData carries a whole item, when it starts and when it is complete.
 */
export interface ItemStartedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "item.started";
  data: ItemData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * ItemData carries a whole item, when it starts and when it is complete.
 */
export interface ItemData {
  item: UniversalItem;
  /**
   * `rewritten` says that the streamed deltas, put together, are not the final text: the agent changed or took back what it had streamed.
   */
  rewritten?: boolean;
}
/**
 * UniversalItem is something that was said or done. One item streams one text.
 */
export interface UniversalItem {
  /**
   * unique within the session
   */
  item_id: string;
  /**
   * the agent's own id of it
   */
  native_item_id: string | null;
  /**
   * `parent_id` is null for the main agent; for all that a sub-agent does it is the item id of the tool call that started the sub-agent.
   */
  parent_id: string | null;
  kind: ItemKind;
  role: ItemRole | null;
  content: ContentPart[];
  status: ItemStatus;
}
/**
 * `item.delta`: ItemDeltaData is the next piece of an item's text.
 */
export interface ItemDeltaEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "item.delta";
  data: ItemDeltaData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * ItemDeltaData is the next piece of an item's text.
 */
export interface ItemDeltaData {
  item_id: string;
  /**
   * the agent's own id of the item
   */
  native_item_id: string | null;
  delta: string;
}
/**
 * `item.completed`: ItemData carries a whole item, when it starts and when it is complete.
 */
export interface ItemCompletedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "item.completed";
  data: ItemData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * `permission.requested`: PermissionData asks whether the agent may do something, and later tells what was answered.
 */
export interface PermissionRequestedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "permission.requested";
  data: PermissionData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * PermissionData asks whether the agent may do something, and later tells what was answered.
 */
export interface PermissionData {
  permission_id: string;
  /**
   * `action` is what the agent calls the thing that it wants to do, such as the name of a tool.
   */
  action: string;
  status: PermissionStatus;
  /**
   * `metadata` is what the agent said about the request; null if nothing.
   */
  metadata: JSONValue;
  /**
   * `title` is one line for a person, such as the command or the path.
   */
  title?: string;
  /**
   * `item_id` is the tool call that waits.
   */
  item_id?: string;
  tool_kind?: ToolKind;
  options?: PermissionOption[];
  /**
   * `message` is the text that the agent was given with a refusal.
   */
  message?: string;
}
/**
 * PermissionOption is one answer that can be given.
 */
export interface PermissionOption {
  id: string;
  kind: PermissionOptionKind;
  /**
   * `name` is what a person reads; for an allow_always it says exactly what would be allowed.
   */
  name: string;
  /**
   * `rules` are what an allow_always would allow for the rest of the session: a later request is allowed when each of its rules has been granted.
   */
  rules?: string[];
}
/**
 * `permission.resolved`: PermissionData asks whether the agent may do something, and later tells what was answered.
 */
export interface PermissionResolvedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "permission.resolved";
  data: PermissionData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * `question.requested`: QuestionData asks the person something, and later tells the answer. `prompt`, `options` and `response` show the first question and the first choice; `questions` and `responses` have them all.
 */
export interface QuestionRequestedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "question.requested";
  data: QuestionData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * QuestionData asks the person something, and later tells the answer. `prompt`, `options` and `response` show the first question and the first choice; `questions` and `responses` have them all.
 */
export interface QuestionData {
  question_id: string;
  prompt: string;
  options: string[];
  /**
   * null until it is answered, and when it is refused
   */
  response: string | null;
  status: QuestionStatus;
  questions?: Question[];
  /**
   * for each question its choices or free texts
   */
  responses?: string[][];
  /**
   * `item_id` is the tool call that waits.
   */
  item_id?: string;
  /**
   * `message` is the text that the agent was given with a refusal.
   */
  message?: string;
}
/**
 * Question is one of the things asked at once.
 */
export interface Question {
  prompt: string;
  header?: string;
  /**
   * `multi_select` allows more than one option.
   */
  multi_select: boolean;
  /**
   * `custom` allows free text instead of an option.
   */
  custom: boolean;
  /**
   * `secret` answers are masked wherever they are shown again.
   */
  secret: boolean;
  options: QuestionOption[];
}
/**
 * QuestionOption is one answer that is offered.
 */
export interface QuestionOption {
  label: string;
  description?: string;
}
/**
 * `question.resolved`: QuestionData asks the person something, and later tells the answer. `prompt`, `options` and `response` show the first question and the first choice; `questions` and `responses` have them all.
 */
export interface QuestionResolvedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "question.resolved";
  data: QuestionData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * `usage.updated`: UsageData is the usage of the running turn, or outside one of the session's last turn.
 */
export interface UsageUpdatedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "usage.updated";
  data: UsageData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * UsageData is the usage of the running turn, or outside one of the session's last turn.
 */
export interface UsageData {
  /**
   * with those of the cache
   */
  input_tokens?: number;
  /**
   * read from the cache
   */
  cached_input_tokens?: number;
  /**
   * written to the cache
   */
  cache_write_tokens?: number;
  /**
   * with those of reasoning
   */
  output_tokens?: number;
  reasoning_tokens?: number;
  /**
   * input and output
   */
  total_tokens?: number;
  /**
   * `cost_usd` is what the agent says the turn cost, in US dollars.
   */
  cost_usd?: number;
  /**
   * `context_window` is the model's limit, `context_used` what of it is taken.
   */
  context_window?: number;
  context_used?: number;
}
/**
 * `plan.updated`: PlanData is the agent's whole task list.
 */
export interface PlanUpdatedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "plan.updated";
  data: PlanData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * PlanData is the agent's whole task list.
 */
export interface PlanData {
  entries: PlanEntry[];
}
/**
 * PlanEntry is one task of the agent's list.
 */
export interface PlanEntry {
  content: string;
  status: PlanStatus;
  priority?: string;
}
/**
 * `quota.updated`: QuotaData is what the agent tells of the account's limits.
 */
export interface QuotaUpdatedEvent {
  /**
   * `event_id` is "evt_<sequence>": unique only within its session.
   */
  event_id: string;
  /**
   * `sequence` starts at 1 and grows by exactly 1.
   */
  sequence: number;
  /**
   * `time` is when the event was recorded, UTC. It never goes back.
   */
  time: string;
  /**
   * `session_id` is the id the client chose or was given at creation.
   */
  session_id: string;
  /**
   * `native_session_id` is the agent's own id of the conversation, null until known.
   */
  native_session_id: string | null;
  /**
   * `turn_id` is null for what happens outside a turn.
   */
  turn_id: string | null;
  /**
   * `synthetic` marks an event that the bridge made; `source` is then "daemon".
   */
  synthetic: boolean;
  source: EventSource;
  type: "quota.updated";
  data: QuotaData;
  /**
   * `raw` is the agent's own message, one line of JSON; null unless asked for.
   */
  raw: JSONValue;
}
/**
 * QuotaData is what the agent tells of the account's limits.
 */
export interface QuotaData {
  kind: QuotaKind;
  /**
   * in the agent's own words
   */
  status: string;
  resets_at?: string;
  detail?: string;
}
/**
 * FSChangeResult names what a change was about.
 */
export interface FSChangeResult {
  /**
   * absolute
   */
  path: string;
}
/**
 * FSDeleteParams say what to delete.
 */
export interface FSDeleteParams {
  sessionId?: string;
  path: string;
  /**
   * `recursive` also deletes a directory that isn't empty.
   */
  recursive?: boolean;
}
/**
 * FSEntriesParams name a directory; "" is the start.
 */
export interface FSEntriesParams {
  sessionId?: string;
  path?: string;
}
/**
 * FSEntry describes what a directory holds.
 */
export interface FSEntry {
  name: string;
  /**
   * absolute
   */
  path: string;
  entryType: FSEntryType;
  /**
   * in bytes
   */
  size: number;
  modified: string;
}
/**
 * FSMoveParams say what to move where.
 */
export interface FSMoveParams {
  sessionId?: string;
  from: string;
  to: string;
  /**
   * `overwrite` replaces what is at the new place.
   */
  overwrite?: boolean;
}
/**
 * FSMoveResult tells what went where.
 */
export interface FSMoveResult {
  /**
   * absolute
   */
  from: string;
  /**
   * absolute
   */
  to: string;
}
/**
 * FSPathParams name a file or a directory.
 */
export interface FSPathParams {
  sessionId?: string;
  path: string;
}
/**
 * FSReadParams choose a piece of a file.
 */
export interface FSReadParams {
  sessionId?: string;
  path: string;
  /**
   * `offset` is where the piece begins, in bytes.
   */
  offset?: number;
  /**
   * `length` is how many bytes at the most; 0 means up to 32 MiB, which is also the largest piece that is given.
   */
  length?: number;
}
/**
 * FSReadResult is a piece of a file.
 */
export interface FSReadResult {
  /**
   * base64
   */
  content: string;
  /**
   * of the whole file, in bytes
   */
  size: number;
  /**
   * `eof` tells that the piece reaches the end of the file.
   */
  eof: boolean;
}
/**
 * FSStat describes what is at a path.
 */
export interface FSStat {
  /**
   * absolute
   */
  path: string;
  entryType: FSEntryType;
  /**
   * in bytes
   */
  size: number;
  modified: string;
}
/**
 * FSUploadParams are an archive, tar or tar.gz, and the directory it goes to.
 */
export interface FSUploadParams {
  sessionId?: string;
  path?: string;
  /**
   * base64
   */
  content: string;
}
/**
 * FSUploadResult tells what an archive brought.
 */
export interface FSUploadResult {
  /**
   * `paths` are absolute, in the order of the archive, at most 1,024.
   */
  paths: string[];
  /**
   * `truncated` tells that there were more.
   */
  truncated: boolean;
}
/**
 * FSWriteParams are the content of a file, or with an offset a piece of it.
 */
export interface FSWriteParams {
  sessionId?: string;
  path: string;
  /**
   * base64
   */
  content: string;
  /**
   * `offset` makes the content a piece that is written in place; the one at 0 begins the file anew. Without it the content is the whole file, which replaces the one that is there in one step.
   */
  offset?: number;
}
/**
 * FSWriteResult tells what a write did.
 */
export interface FSWriteResult {
  /**
   * absolute
   */
  path: string;
  bytesWritten: number;
}
/**
 * HealthResult says that the server is there.
 */
export interface HealthResult {
  status: string;
}
/**
 * InitializeParams introduce a client.
 */
export interface InitializeParams {
  protocolVersion?: string;
  clientInfo?: ProgramInfo;
  capabilities?: JSONValue;
}
/**
 * ProgramInfo names a program.
 */
export interface ProgramInfo {
  name: string;
  version?: string;
}
/**
 * InitializeResult introduces the server.
 */
export interface InitializeResult {
  protocolVersion: string;
  serverInfo: ProgramInfo;
  methods: string[];
  limits: Limits;
  agents: string[];
}
/**
 * Limits are what the server holds its clients to.
 */
export interface Limits {
  /**
   * `maxMessageBytes` is the size of the largest message it reads.
   */
  maxMessageBytes: number;
}
/**
 * InstallParams say which agent to install.
 */
export interface InstallParams {
  agent: string;
  /**
   * `version` is an exact version or a name such as "latest"; by default the one that the bridge was tested with.
   */
  version?: string;
  /**
   * `reinstall` fetches what is there already once more.
   */
  reinstall?: boolean;
}
/**
 * InterruptParams say which turn to end.
 */
export interface InterruptParams {
  sessionId: string;
  /**
   * `turnId`, if given, must be the running or a waiting turn; another one is left alone, since it has ended already.
   */
  turnId?: string;
  /**
   * `queue` says what becomes of the messages that wait: keep (the default) or drop.
   */
  queue?: "keep" | "drop";
}
/**
 * ListParams choose sessions.
 */
export interface ListParams {
  status?: SessionStatus;
  limit?: number;
  cursor?: string;
}
/**
 * MCPServer is a tool server that a session gets: started by the agent (`command`) or reached over HTTP (`url`).
 */
export interface MCPServer {
  type: "local" | "remote";
  command?: string[];
  env?: {
    [k: string]: string;
  };
  cwd?: string;
  url?: string;
  headers?: {
    [k: string]: string;
  };
  transport?: "http" | "sse";
  /**
   * `bearerTokenEnvVar` and `envHeaders` name environment variables of the bridge whose values are sent as the token and as headers.
   */
  bearerTokenEnvVar?: string;
  envHeaders?: {
    [k: string]: string;
  };
  /**
   * unless it is false
   */
  enabled?: boolean;
  timeoutMs?: number;
}
/**
 * ModelsResult is the answer to which models there are.
 */
export interface ModelsResult {
  models: AgentModel[];
  defaultModel?: string;
}
/**
 * ModesResult lists the modes of an agent.
 */
export interface ModesResult {
  modes: AgentMode[];
}
/**
 * PermissionReplyParams answer a permission request.
 */
export interface PermissionReplyParams {
  sessionId: string;
  permissionId: string;
  reply: PermissionDecision;
  /**
   * `message` is a text for the agent with a refusal.
   */
  message?: string;
}
/**
 * Problem describes an error to a client: the error.data of JSON-RPC and the problem document (RFC 7807) of HTTP. Clients switch on `type`.
 */
export interface Problem {
  type:
    | "urn:sandbox-agent:error:invalid_request"
    | "urn:sandbox-agent:error:parse_error"
    | "urn:sandbox-agent:error:invalid_message"
    | "urn:sandbox-agent:error:unprocessable"
    | "urn:sandbox-agent:error:not_found"
    | "urn:sandbox-agent:error:method_not_allowed"
    | "urn:sandbox-agent:error:payload_too_large"
    | "urn:sandbox-agent:error:unsupported_media_type"
    | "urn:sandbox-agent:error:unsupported_agent"
    | "urn:sandbox-agent:error:mode_not_supported"
    | "urn:sandbox-agent:error:agent_not_installed"
    | "urn:sandbox-agent:error:session_not_found"
    | "urn:sandbox-agent:error:session_already_exists"
    | "urn:sandbox-agent:error:session_busy"
    | "urn:sandbox-agent:error:session_ended"
    | "urn:sandbox-agent:error:token_invalid"
    | "urn:sandbox-agent:error:permission_denied"
    | "urn:sandbox-agent:error:install_failed"
    | "urn:sandbox-agent:error:agent_process_exited"
    | "urn:sandbox-agent:error:internal"
    | "urn:sandbox-agent:error:stream_error"
    | "urn:sandbox-agent:error:timeout"
    | "urn:sandbox-agent:error:not_supported"
    | "urn:sandbox-agent:error:request_cancelled";
  title: string;
  status?: number;
  detail: string;
  agent?: string;
  sessionId?: string;
  details?: {
    [k: string]: unknown;
  };
}
/**
 * QuestionRejectParams refuse a question.
 */
export interface QuestionRejectParams {
  sessionId: string;
  questionId: string;
  /**
   * `message` is a text for the agent.
   */
  message?: string;
}
/**
 * QuestionReplyParams answer a question: one list of choices or free texts for each of its questions.
 */
export interface QuestionReplyParams {
  sessionId: string;
  questionId: string;
  answers: string[][];
}
/**
 * SchemaDocument is a description: a JSON Schema, an OpenAPI or an OpenRPC document.
 */
export interface SchemaDocument {
  [k: string]: unknown;
}
/**
 * SchemaParams choose a description.
 */
export interface SchemaParams {
  /**
   * `format` is json-schema unless another one is asked for.
   */
  format?: SchemaFormat;
}
/**
 * SendParams are a message for an agent.
 */
export interface SendParams {
  sessionId: string;
  message: string;
  attachments?: Attachment[];
  /**
   * queue unless it says otherwise
   */
  onBusy?: BusyPolicy;
  /**
   * `clientMessageId` makes the send idempotent: a second one with the same id is answered like the first and does nothing.
   */
  clientMessageId?: string;
}
/**
 * SendResult tells that a message was accepted.
 */
export interface SendResult {
  turnId: string;
  /**
   * `sequence` is the log's head at acceptance: the message's events come after it.
   */
  sequence: number;
}
/**
 * SendStreamParams are a message whose turn is to be followed.
 */
export interface SendStreamParams {
  sessionId: string;
  message: string;
  attachments?: Attachment[];
  /**
   * queue unless it says otherwise
   */
  onBusy?: BusyPolicy;
  /**
   * `clientMessageId` makes the send idempotent: a second one with the same id is answered like the first and does nothing.
   */
  clientMessageId?: string;
  /**
   * `until` is "input" (the default): the stream also ends when a permission or question stays open; or "turn": only with the turn.
   */
  until?: StreamUntil;
  includeRaw?: boolean;
}
/**
 * SendStreamResult tells that a message was accepted and which notifications belong to it.
 */
export interface SendStreamResult {
  turnId: string;
  /**
   * `sequence` is the log's head at acceptance: the message's events come after it.
   */
  sequence: number;
  subscriptionId?: string;
}
/**
 * SessionChangedParams are the params of a session/changed notification.
 */
export interface SessionChangedParams {
  subscriptionId: string;
  session: SessionInfo;
}
/**
 * SessionInfo is a session as clients see it.
 */
export interface SessionInfo {
  sessionId: string;
  agent: string;
  agentMode: string;
  permissionMode: string;
  model: string | null;
  variant: string | null;
  nativeSessionId: string | null;
  ended: boolean;
  eventCount: number;
  /**
   * in Unix milliseconds
   */
  createdAt: number;
  /**
   * of the last event, in Unix milliseconds
   */
  updatedAt: number;
  directory: string | null;
  title: string | null;
  /**
   * secrets masked
   */
  mcp?: {
    [k: string]: MCPServer;
  };
  skills?: Skills;
  status: SessionStatus;
  /**
   * `turnId` is the running turn.
   */
  turnId: string | null;
  /**
   * `queuedTurns` counts messages that wait for their turn.
   */
  queuedTurns: number;
  /**
   * `usage` is the sum over the session's turns; the context figures are those of the last.
   */
  usage: Usage;
  pendingPermissionCount: number;
  pendingQuestionCount: number;
  backgroundTasks: number;
  /**
   * `droppedEvents` counts what the agent said about things that were closed.
   */
  droppedEvents: number;
  /**
   * `pendingPermissions` and `pendingQuestions` are there, in full, only where one session was asked for.
   */
  pendingPermissions?: PermissionData[];
  pendingQuestions?: QuestionData[];
}
/**
 * SessionEventParams are the params of a session/event notification.
 */
export interface SessionEventParams {
  subscriptionId: string;
  event: UniversalEvent;
}
/**
 * SessionParams name a session.
 */
export interface SessionParams {
  sessionId: string;
}
/**
 * SessionsResult is a run of sessions.
 */
export interface SessionsResult {
  sessions: SessionInfo[];
  /**
   * `nextCursor` continues the list; absent at its end.
   */
  nextCursor?: string;
}
/**
 * StreamEndedParams are the params of the last notification of a subscription.
 */
export interface StreamEndedParams {
  subscriptionId: string;
  reason: StreamEndReason;
}
/**
 * SubscribeParams choose what to be told.
 */
export interface SubscribeParams {
  /**
   * `sessionId` is the session whose events are wanted; without it, changes of all sessions are told.
   */
  sessionId?: string;
  offset?: number;
  includeRaw?: boolean;
}
/**
 * SubscribeResult tells which notifications belong to a subscription.
 */
export interface SubscribeResult {
  subscriptionId?: string;
}
/**
 * UnsubscribeParams name a subscription.
 */
export interface UnsubscribeParams {
  subscriptionId: string;
}
/**
 * UpdateParams change a session's settings.
 */
export interface UpdateParams {
  sessionId: string;
  model?: string;
  variant?: string;
  agentMode?: string;
  permissionMode?: PermissionMode;
  title?: string;
}

/**
 * Methods are the methods of a bridge, with what goes in and what comes out.
 */
export interface Methods {
  /** Introduces client and server; expected first, not demanded. */
  "initialize": { params: InitializeParams; result: InitializeResult };
  /** Says that the server is there. */
  "health": { params: Empty; result: HealthResult };
  /** Lists the agents, installed or not, and what they can do. */
  "agents/list": { params: Empty; result: AgentsResult };
  /** Installs an agent; answered when it can be used. */
  "agents/install": { params: InstallParams; result: Empty };
  /** Lists an agent's modes. */
  "agents/modes": { params: AgentParams; result: ModesResult };
  /** Lists the models that an agent can be asked for. */
  "agents/models": { params: AgentParams; result: ModelsResult };
  /** Lists sessions, the newest first. */
  "sessions/list": { params: ListParams; result: SessionsResult };
  /** Makes a session and starts its agent. */
  "sessions/create": { params: CreateParams; result: CreateResult };
  /** Describes a session, with all that waits for a person. */
  "sessions/get": { params: SessionParams; result: SessionInfo };
  /** Changes model, variant, modes or title. */
  "sessions/update": { params: UpdateParams; result: Empty };
  /** Sends a message; answered at acceptance, never at the end of the turn. */
  "sessions/sendMessage": { params: SendParams; result: SendResult };
  /** Sends a message and streams the events of its turn. */
  "sessions/sendMessageStream": { params: SendStreamParams; result: SendStreamResult };
  /** Ends the running turn and keeps the session; answered once the turn has ended. */
  "sessions/interrupt": { params: InterruptParams; result: Empty };
  /** Ends a session with its processes and keeps its events. */
  "sessions/terminate": { params: SessionParams; result: Empty };
  /** Forgets a session; a live one is ended first. */
  "sessions/delete": { params: SessionParams; result: Empty };
  /** Reads events that are there. */
  "sessions/events": { params: EventsParams; result: EventsResult };
  /** Streams a session's events after an offset, without gap or repeat; without a session, changes of all sessions. */
  "sessions/subscribe": { params: SubscribeParams; result: SubscribeResult };
  /** Ends a subscription. */
  "sessions/unsubscribe": { params: UnsubscribeParams; result: Empty };
  /** Answers a question. */
  "questions/reply": { params: QuestionReplyParams; result: Empty };
  /** Refuses a question. */
  "questions/reject": { params: QuestionRejectParams; result: Empty };
  /** Answers a permission request. */
  "permissions/reply": { params: PermissionReplyParams; result: Empty };
  /** Lists a directory. */
  "fs/entries": { params: FSEntriesParams; result: FSEntriesResult };
  /** Reads a file, or a piece of it. */
  "fs/read": { params: FSReadParams; result: FSReadResult };
  /** Writes a file in one step; on stdio, with an offset, a piece of it. */
  "fs/write": { params: FSWriteParams; result: FSWriteResult };
  /** Deletes a file or a directory. */
  "fs/delete": { params: FSDeleteParams; result: FSChangeResult };
  /** Makes a directory, with all that leads to it. */
  "fs/mkdir": { params: FSPathParams; result: FSChangeResult };
  /** Moves a file or a directory. */
  "fs/move": { params: FSMoveParams; result: FSMoveResult };
  /** Describes a file or a directory. */
  "fs/stat": { params: FSPathParams; result: FSStat };
  /** Unpacks a tar or tar.gz archive into a directory, or refuses it whole. */
  "fs/upload": { params: FSUploadParams; result: FSUploadResult };
  /** Gives the description of the API that other programs read: JSON Schema, OpenAPI or OpenRPC. */
  "schema/get": { params: SchemaParams; result: SchemaDocument };
  /** Ends all sessions; the exit notification that follows ends the program. */
  "shutdown": { params: Empty; result: Empty };
}
