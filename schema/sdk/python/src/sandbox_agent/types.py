"""The types of events, params and results, as the bridge's schema has them."""

# Made by scripts/generate.py; changes belong there.

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Union


@dataclass(kw_only=True)
class Unknown:
    """A variant of a union that came after this file was made. Its ``type`` is one that none of the others has, so
    that a comparison tells type checkers which one it is."""

    #: The type that it came with.
    name: str
    #: All that came.
    json: dict[str, Any]
    type: Literal["unknown"] = "unknown"


@dataclass(kw_only=True)
class EventBase:
    """What every UniversalEvent has."""

    #: `event_id` is "evt_<sequence>": unique only within its session.
    event_id: str
    #: `sequence` starts at 1 and grows by exactly 1.
    sequence: int
    #: `time` is when the event was recorded, UTC. It never goes back.
    time: str
    #: `session_id` is the id the client chose or was given at creation.
    session_id: str
    #: `native_session_id` is the agent's own id of the conversation, null until known.
    native_session_id: str | None
    #: `turn_id` is null for what happens outside a turn.
    turn_id: str | None
    #: `synthetic` marks an event that the bridge made; `source` is then "daemon".
    synthetic: bool
    source: EventSource
    #: `raw` is the agent's own message, one line of JSON; null unless asked for.
    raw: JSONValue


@dataclass(kw_only=True)
class UnknownEvent(EventBase, Unknown):
    """A variant of UniversalEvent that came after this file was made."""


@dataclass(kw_only=True)
class AgentCapabilities:
    """AgentCapabilities says what an agent can do through its driver. The first eighteen are the names that clients
    of the v0.1 API know. Each flag has its explanation with it."""

    #: the agent can look around and propose, without changing anything
    plan_mode: bool = field(metadata={"json": "planMode"})
    #: it asks before it does something, and is answered
    permissions: bool
    #: it asks the user something, and is answered
    questions: bool
    #: each tool that it uses, with its input
    tool_calls: bool = field(metadata={"json": "toolCalls"})
    #: what each tool gave back
    tool_results: bool = field(metadata={"json": "toolResults"})
    #: what it says
    text_messages: bool = field(metadata={"json": "textMessages"})
    #: an image of its own or of a tool, or one that the user sent
    images: bool
    #: files can be sent with a message
    file_attachments: bool = field(metadata={"json": "fileAttachments"})
    #: begin and end of the session
    session_lifecycle: bool = field(metadata={"json": "sessionLifecycle"})
    #: errors with their category
    error_events: bool = field(metadata={"json": "errorEvents"})
    #: what it thinks before it answers
    reasoning: bool
    #: what it is busy with beside its answer
    status: bool
    #: shell commands with output and exit code
    command_execution: bool = field(metadata={"json": "commandExecution"})
    #: files that it changes, with diffs
    file_changes: bool = field(metadata={"json": "fileChanges"})
    #: tool servers can be given to one session
    mcp_tools: bool = field(metadata={"json": "mcpTools"})
    #: texts come in pieces while they are written
    streaming_deltas: bool = field(metadata={"json": "streamingDeltas"})
    #: each item is told when it begins
    item_started: bool = field(metadata={"json": "itemStarted"})
    #: many sessions share one process of the agent
    shared_process: bool = field(metadata={"json": "sharedProcess"})
    #: a running turn can be ended
    interrupt: bool
    #: a message can join the running turn
    steer: bool
    #: a native conversation can be continued
    resume: bool
    #: the model can change in mid-session
    model_switch: bool = field(metadata={"json": "modelSwitch"})
    #: agent and permission mode can change in mid-session
    mode_switch: bool = field(metadata={"json": "modeSwitch"})
    #: models come in variants, such as efforts
    variants: bool
    #: text can be appended to the system prompt
    system_prompt: bool = field(metadata={"json": "systemPrompt"})
    #: skills can be given to one session
    skills: bool
    #: attachments reach the model as such, not as paths in the text
    structured_attachments: bool = field(metadata={"json": "structuredAttachments"})
    #: tokens of a turn
    usage: bool
    #: what a turn cost
    cost: bool
    #: the agent's task list
    plan: bool
    #: a finished plan waits for the user's approval, as a question
    plan_approval: bool = field(metadata={"json": "planApproval"})
    #: sub-agents, with links to the calls that started them
    subagents: bool
    #: work that outlives its turn
    background_tasks: bool = field(metadata={"json": "backgroundTasks"})
    #: the commands that a message can begin with
    slash_commands: bool = field(metadata={"json": "slashCommands"})
    #: shortening of the context is told
    compaction: bool
    #: what the turn or the session changed, as one diff
    session_diff: bool = field(metadata={"json": "sessionDiff"})
    #: limits of the account are told
    quota: bool
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class AgentInfo:
    """AgentInfo describes an agent on this machine."""

    id: str
    name: str
    installed: bool
    credentials_available: bool = field(metadata={"json": "credentialsAvailable"})
    version: str | None = None
    path: str | None = None
    capabilities: AgentCapabilities
    #: `login` says in words where the login comes from or how to get one.
    login: str | None = None
    #: `problem` says why the agent cannot be used, and what to do.
    problem: str | None = None
    #: `serverStatus` is there for agents whose sessions share a server.
    server_status: ServerStatus | None = field(default=None, metadata={"json": "serverStatus"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class AgentMode:
    """AgentMode is a way an agent works, such as building or planning."""

    id: str
    name: str
    description: str
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class AgentModel:
    """AgentModel is a model that can be asked for."""

    id: str
    name: str | None = None
    variants: list[str] | None = None
    default_variant: str | None = field(default=None, metadata={"json": "defaultVariant"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class AgentParams:
    """AgentParams name an agent."""

    agent: str
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class AgentUnparsedEvent(EventBase):
    """`agent.unparsed`: UnparsedData reports a message of the agent that was not understood. The message itself is
    the event's raw payload."""

    type: Literal["agent.unparsed"]
    data: UnparsedData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class AgentsResult:
    """AgentsResult lists the agents."""

    agents: list[AgentInfo]
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Attachment:
    """Attachment is a file that comes with a message: `path` on the bridge's machine, or `data` (base64 in JSON)
    with a `mime` type and a `filename`."""

    path: str | None = None
    data: str | None = None
    mime: str | None = None
    filename: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class CancelParams:
    """CancelParams name the request to cancel."""

    id: str | int
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class CancelRequestParams:
    """CancelRequestParams name the request to cancel."""

    request_id: str | int = field(metadata={"json": "requestId"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class CommandPart:
    """CommandPart is an executed shell command, on its result item."""

    type: Literal["command"]
    command: str
    cwd: str | None = None
    #: `exit_code` is absent when the command has not ended or nobody said how.
    exit_code: int | None = None
    output: str
    #: `duration_ms` is in milliseconds.
    duration_ms: int | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class CreateParams:
    """CreateParams is what a client gives to make a session."""

    #: `sessionId` is the client's choice; one is made when it is empty.
    session_id: str | None = field(default=None, metadata={"json": "sessionId"})
    #: `agent` is the id of an agent, such as "claude".
    agent: str
    #: `agentMode` is one of the agent's modes, by default its first; "default" and "code" mean "build".
    agent_mode: str | None = field(default=None, metadata={"json": "agentMode"})
    #: `permissionMode` is default, plan, bypass or acceptEdits.
    permission_mode: PermissionMode | None = field(default=None, metadata={"json": "permissionMode"})
    model: str | None = None
    variant: str | None = None
    #: `agentVersion` is the version of the agent that the session needs: the one that is installed, or where
    #: missing agents are installed, any that can be had.
    agent_version: str | None = field(default=None, metadata={"json": "agentVersion"})
    #: `directory` is the agent's working directory, by default the bridge's.
    directory: str | None = None
    title: str | None = None
    #: `env` is set for this session's agent only and never shown.
    env: dict[str, str] | None = None
    #: `resume` is the agent's own id of a conversation to continue, which no other session has open.
    resume: str | None = None
    #: `systemPrompt` is appended to the agent's own.
    system_prompt: str | None = field(default=None, metadata={"json": "systemPrompt"})
    #: `mcp` are tool servers for this session only, by name.
    mcp: dict[str, MCPServerConfig] | None = None
    #: `skills` are skills for this session only.
    skills: Skills | None = None
    #: `idleTimeout` stops the agent's process after so many milliseconds without anything to do; the next message
    #: brings it back. 0: the bridge's setting; negative: never.
    idle_timeout: int | None = field(default=None, metadata={"json": "idleTimeout"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class CreateResult:
    """CreateResult tells that a session is ready."""

    healthy: bool
    session_id: str = field(metadata={"json": "sessionId"})
    native_session_id: str | None = field(default=None, metadata={"json": "nativeSessionId"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class DiffData:
    """DiffData is everything that the agent's own editing has changed in its scope so far, as unified text in git's
    form with names relative to the session's directory. A file of which the agent doesn't tell enough, or that is
    too long, is in `files` only, without counts. What commands change is there only where the agent tells that, and
    a session's begins anew when its agent is started again."""

    scope: DiffScope
    diff: str
    files: list[DiffFile]
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class DiffFile:
    """DiffFile summarises the change of one file."""

    path: str
    action: FileAction
    additions: int
    deletions: int
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class DiffUpdatedEvent(EventBase):
    """`diff.updated`: DiffData is everything that the agent's own editing has changed in its scope so far, as
    unified text in git's form with names relative to the session's directory. A file of which the agent doesn't
    tell enough, or that is too long, is in `files` only, without counts. What commands change is there only where
    the agent tells that, and a session's begins anew when its agent is started again."""

    type: Literal["diff.updated"]
    data: DiffData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Empty:
    """Empty is the params or the result of a method that has none: {}."""
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ErrorData:
    """ErrorData reports trouble; the session goes on unless session.ended follows."""

    #: for a person
    message: str
    #: `code` is the agent's or the bridge's own short name of the error.
    code: str | None
    #: whatever else is known; null if nothing
    details: JSONValue
    category: ErrorCategory
    #: `retryable` says that the same message may work later.
    retryable: bool
    #: `will_retry` says that the agent is trying again by itself.
    will_retry: bool
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ErrorEvent(EventBase):
    """`error`: ErrorData reports trouble; the session goes on unless session.ended follows."""

    type: Literal["error"]
    data: ErrorData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class EventsParams:
    """EventsParams choose events."""

    session_id: str = field(metadata={"json": "sessionId"})
    #: `offset` is the last sequence number seen; the events after it are given.
    offset: int | None = None
    #: `limit` is how many at the most; none means as many as fit one answer.
    limit: int | None = None
    include_raw: bool | None = field(default=None, metadata={"json": "includeRaw"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class EventsResult:
    """EventsResult is a run of events."""

    events: list[UniversalEvent]
    #: `hasMore` tells that there are events after the last of these.
    has_more: bool = field(metadata={"json": "hasMore"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSChangeResult:
    """FSChangeResult names what a change was about."""

    #: absolute
    path: str
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSDeleteParams:
    """FSDeleteParams say what to delete."""

    session_id: str | None = field(default=None, metadata={"json": "sessionId"})
    path: str
    #: `recursive` also deletes a directory that isn't empty.
    recursive: bool | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSEntriesParams:
    """FSEntriesParams name a directory; "" is the start."""

    session_id: str | None = field(default=None, metadata={"json": "sessionId"})
    path: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSEntry:
    """FSEntry describes what a directory holds."""

    name: str
    #: absolute
    path: str
    entry_type: FSEntryType = field(metadata={"json": "entryType"})
    #: in bytes
    size: int
    modified: str
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSMoveParams:
    """FSMoveParams say what to move where."""

    session_id: str | None = field(default=None, metadata={"json": "sessionId"})
    from_: str = field(metadata={"json": "from"})
    to: str
    #: `overwrite` replaces what is at the new place.
    overwrite: bool | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSMoveResult:
    """FSMoveResult tells what went where."""

    #: absolute
    from_: str = field(metadata={"json": "from"})
    #: absolute
    to: str
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSPathParams:
    """FSPathParams name a file or a directory."""

    session_id: str | None = field(default=None, metadata={"json": "sessionId"})
    path: str
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSReadParams:
    """FSReadParams choose a piece of a file."""

    session_id: str | None = field(default=None, metadata={"json": "sessionId"})
    path: str
    #: `offset` is where the piece begins, in bytes.
    offset: int | None = None
    #: `length` is how many bytes at the most; 0 means up to 32 MiB, which is also the largest piece that is given.
    length: int | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSReadResult:
    """FSReadResult is a piece of a file."""

    #: base64
    content: str
    #: of the whole file, in bytes
    size: int
    #: `eof` tells that the piece reaches the end of the file.
    eof: bool
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSStat:
    """FSStat describes what is at a path."""

    #: absolute
    path: str
    entry_type: FSEntryType = field(metadata={"json": "entryType"})
    #: in bytes
    size: int
    modified: str
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSUploadParams:
    """FSUploadParams are an archive, tar or tar.gz, and the directory it goes to."""

    session_id: str | None = field(default=None, metadata={"json": "sessionId"})
    path: str | None = None
    #: base64
    content: str
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSUploadResult:
    """FSUploadResult tells what an archive brought."""

    #: `paths` are absolute, in the order of the archive, at most 1,024.
    paths: list[str]
    #: `truncated` tells that there were more.
    truncated: bool
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSWriteParams:
    """FSWriteParams are the content of a file, or with an offset a piece of it."""

    session_id: str | None = field(default=None, metadata={"json": "sessionId"})
    path: str
    #: base64
    content: str
    #: `offset` makes the content a piece that is written in place; the one at 0 begins the file anew. Without it
    #: the content is the whole file, which replaces the one that is there in one step.
    offset: int | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FSWriteResult:
    """FSWriteResult tells what a write did."""

    #: absolute
    path: str
    bytes_written: int = field(metadata={"json": "bytesWritten"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class FileRefPart:
    """FileRefPart is a file that was read or changed."""

    type: Literal["file_ref"]
    path: str
    action: FileAction
    #: `from` is the former path of a renamed file.
    from_: str | None = field(default=None, metadata={"json": "from"})
    #: `diff` is unified text, null where the agent does not tell enough.
    diff: str | None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class HealthResult:
    """HealthResult says that the server is there."""

    status: str
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ImagePart:
    """ImagePart is a picture: a file, or base64 in `data` and then `path` is null."""

    type: Literal["image"]
    path: str | None
    mime: str | None
    data: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class InitializeParams:
    """InitializeParams introduce a client."""

    protocol_version: str | None = field(default=None, metadata={"json": "protocolVersion"})
    client_info: ProgramInfo | None = field(default=None, metadata={"json": "clientInfo"})
    capabilities: JSONValue | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class InitializeResult:
    """InitializeResult introduces the server."""

    protocol_version: str = field(metadata={"json": "protocolVersion"})
    server_info: ProgramInfo = field(metadata={"json": "serverInfo"})
    methods: list[str]
    limits: Limits
    agents: list[str]
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class InstallParams:
    """InstallParams say which agent to install."""

    agent: str
    #: `version` is an exact version or a name such as "latest"; by default the one that the bridge was tested with.
    version: str | None = None
    #: `reinstall` fetches what is there already once more.
    reinstall: bool | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class InterruptParams:
    """InterruptParams say which turn to end."""

    session_id: str = field(metadata={"json": "sessionId"})
    #: `turnId`, if given, must be the running or a waiting turn; another one is left alone, since it has ended
    #: already.
    turn_id: str | None = field(default=None, metadata={"json": "turnId"})
    #: `queue` says what becomes of the messages that wait: keep (the default) or drop.
    queue: Literal["keep", "drop"] | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ItemCompletedEvent(EventBase):
    """`item.completed`: ItemData carries a whole item, when it starts and when it is complete."""

    type: Literal["item.completed"]
    data: ItemData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ItemData:
    """ItemData carries a whole item, when it starts and when it is complete."""

    item: UniversalItem
    #: `rewritten` says that the streamed deltas, put together, are not the final text: the agent changed or took
    #: back what it had streamed.
    rewritten: bool | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ItemDeltaData:
    """ItemDeltaData is the next piece of an item's text."""

    item_id: str
    #: the agent's own id of the item
    native_item_id: str | None
    delta: str
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ItemDeltaEvent(EventBase):
    """`item.delta`: ItemDeltaData is the next piece of an item's text."""

    type: Literal["item.delta"]
    data: ItemDeltaData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ItemStartedEvent(EventBase):
    """`item.started`: ItemData carries a whole item, when it starts and when it is complete."""

    type: Literal["item.started"]
    data: ItemData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class JSONPart:
    """JSONPart is a structured value that has no part of its own."""

    type: Literal["json"]
    json: JSONValue
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Limits:
    """Limits are what the server holds its clients to."""

    #: `maxMessageBytes` is the size of the largest message it reads.
    max_message_bytes: int = field(metadata={"json": "maxMessageBytes"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ListParams:
    """ListParams choose sessions."""

    status: SessionStatus | None = None
    limit: int | None = None
    cursor: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class LocalMCPServerConfig:
    """LocalMCPServerConfig is an MCP server that the agent starts, as a client may give it."""

    type: Literal["local", "stdio"]
    #: `command` is the program, or the program with its arguments.
    command: str | list[str]
    args: list[str] | None = None
    env: dict[str, str] | None = None
    #: `environment` is another name of `env`.
    environment: dict[str, str] | None = None
    cwd: str | None = None
    #: `enabled` is true unless it says otherwise.
    enabled: bool | None = None
    #: `timeoutMs` is in milliseconds.
    timeout_ms: int | None = field(default=None, metadata={"json": "timeoutMs"})
    #: `timeout` is another name of `timeoutMs`.
    timeout: int | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class MCPServer:
    """MCPServer is a tool server that a session gets: started by the agent (`command`) or reached over HTTP
    (`url`)."""

    type: Literal["local", "remote"]
    command: list[str] | None = None
    env: dict[str, str] | None = None
    cwd: str | None = None
    url: str | None = None
    headers: dict[str, str] | None = None
    transport: Literal["http", "sse"] | None = None
    #: `bearerTokenEnvVar` and `envHeaders` name environment variables of the bridge whose values are sent as the
    #: token and as headers.
    bearer_token_env_var: str | None = field(default=None, metadata={"json": "bearerTokenEnvVar"})
    env_headers: dict[str, str] | None = field(default=None, metadata={"json": "envHeaders"})
    #: unless it is false
    enabled: bool | None = None
    timeout_ms: int | None = field(default=None, metadata={"json": "timeoutMs"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ModelsResult:
    """ModelsResult is the answer to which models there are."""

    models: list[AgentModel]
    default_model: str | None = field(default=None, metadata={"json": "defaultModel"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ModesResult:
    """ModesResult lists the modes of an agent."""

    modes: list[AgentMode]
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class PermissionData:
    """PermissionData asks whether the agent may do something, and later tells what was answered."""

    permission_id: str
    #: `action` is what the agent calls the thing that it wants to do, such as the name of a tool.
    action: str
    status: PermissionStatus
    #: `metadata` is what the agent said about the request; null if nothing.
    metadata: JSONValue
    #: `title` is one line for a person, such as the command or the path.
    title: str | None = None
    #: `item_id` is the tool call that waits.
    item_id: str | None = None
    tool_kind: ToolKind | None = None
    options: list[PermissionOption] | None = None
    #: `message` is the text that the agent was given with a refusal.
    message: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class PermissionOption:
    """PermissionOption is one answer that can be given."""

    id: str
    kind: PermissionOptionKind
    #: `name` is what a person reads; for an allow_always it says exactly what would be allowed.
    name: str
    #: `rules` are what an allow_always would allow for the rest of the session: a later request is allowed when
    #: each of its rules has been granted.
    rules: list[str] | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class PermissionReplyParams:
    """PermissionReplyParams answer a permission request."""

    session_id: str = field(metadata={"json": "sessionId"})
    permission_id: str = field(metadata={"json": "permissionId"})
    reply: PermissionDecision
    #: `message` is a text for the agent with a refusal.
    message: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class PermissionRequestedEvent(EventBase):
    """`permission.requested`: PermissionData asks whether the agent may do something, and later tells what was
    answered."""

    type: Literal["permission.requested"]
    data: PermissionData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class PermissionResolvedEvent(EventBase):
    """`permission.resolved`: PermissionData asks whether the agent may do something, and later tells what was
    answered."""

    type: Literal["permission.resolved"]
    data: PermissionData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class PlanData:
    """PlanData is the agent's whole task list."""

    entries: list[PlanEntry]
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class PlanEntry:
    """PlanEntry is one task of the agent's list."""

    content: str
    status: PlanStatus
    priority: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class PlanUpdatedEvent(EventBase):
    """`plan.updated`: PlanData is the agent's whole task list."""

    type: Literal["plan.updated"]
    data: PlanData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Problem:
    """Problem describes an error to a client: the error.data of JSON-RPC and the problem document (RFC 7807) of
    HTTP. Clients switch on `type`."""

    type: Literal["urn:sandbox-agent:error:invalid_request", "urn:sandbox-agent:error:parse_error", "urn:sandbox-agent:error:invalid_message", "urn:sandbox-agent:error:unprocessable", "urn:sandbox-agent:error:not_found", "urn:sandbox-agent:error:method_not_allowed", "urn:sandbox-agent:error:payload_too_large", "urn:sandbox-agent:error:unsupported_media_type", "urn:sandbox-agent:error:unsupported_agent", "urn:sandbox-agent:error:mode_not_supported", "urn:sandbox-agent:error:agent_not_installed", "urn:sandbox-agent:error:session_not_found", "urn:sandbox-agent:error:session_already_exists", "urn:sandbox-agent:error:session_busy", "urn:sandbox-agent:error:session_ended", "urn:sandbox-agent:error:token_invalid", "urn:sandbox-agent:error:permission_denied", "urn:sandbox-agent:error:install_failed", "urn:sandbox-agent:error:agent_process_exited", "urn:sandbox-agent:error:internal", "urn:sandbox-agent:error:stream_error", "urn:sandbox-agent:error:timeout", "urn:sandbox-agent:error:not_supported", "urn:sandbox-agent:error:request_cancelled"]
    title: str
    status: int | None = None
    detail: str
    agent: str | None = None
    session_id: str | None = field(default=None, metadata={"json": "sessionId"})
    details: dict[str, Any] | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ProgramInfo:
    """ProgramInfo names a program."""

    name: str
    version: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Question:
    """Question is one of the things asked at once."""

    prompt: str
    header: str | None = None
    #: `multi_select` allows more than one option.
    multi_select: bool
    #: `custom` allows free text instead of an option.
    custom: bool
    #: `secret` answers are masked wherever they are shown again.
    secret: bool
    options: list[QuestionOption]
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class QuestionData:
    """QuestionData asks the person something, and later tells the answer. `prompt`, `options` and `response` show
    the first question and the first choice; `questions` and `responses` have them all."""

    question_id: str
    prompt: str
    options: list[str]
    #: null until it is answered, and when it is refused
    response: str | None
    status: QuestionStatus
    questions: list[Question] | None = None
    #: for each question its choices or free texts
    responses: list[list[str]] | None = None
    #: `item_id` is the tool call that waits.
    item_id: str | None = None
    #: `message` is the text that the agent was given with a refusal.
    message: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class QuestionOption:
    """QuestionOption is one answer that is offered."""

    label: str
    description: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class QuestionRejectParams:
    """QuestionRejectParams refuse a question."""

    session_id: str = field(metadata={"json": "sessionId"})
    question_id: str = field(metadata={"json": "questionId"})
    #: `message` is a text for the agent.
    message: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class QuestionReplyParams:
    """QuestionReplyParams answer a question: one list of choices or free texts for each of its questions."""

    session_id: str = field(metadata={"json": "sessionId"})
    question_id: str = field(metadata={"json": "questionId"})
    answers: list[list[str]]
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class QuestionRequestedEvent(EventBase):
    """`question.requested`: QuestionData asks the person something, and later tells the answer. `prompt`, `options`
    and `response` show the first question and the first choice; `questions` and `responses` have them all."""

    type: Literal["question.requested"]
    data: QuestionData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class QuestionResolvedEvent(EventBase):
    """`question.resolved`: QuestionData asks the person something, and later tells the answer. `prompt`, `options`
    and `response` show the first question and the first choice; `questions` and `responses` have them all."""

    type: Literal["question.resolved"]
    data: QuestionData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class QuotaData:
    """QuotaData is what the agent tells of the account's limits."""

    kind: QuotaKind
    #: in the agent's own words
    status: str
    resets_at: str | None = None
    detail: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class QuotaUpdatedEvent(EventBase):
    """`quota.updated`: QuotaData is what the agent tells of the account's limits."""

    type: Literal["quota.updated"]
    data: QuotaData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ReasoningPart:
    """ReasoningPart is what the model thought."""

    type: Literal["reasoning"]
    text: str
    visibility: ReasoningVisibility
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class RemoteMCPServerConfig:
    """RemoteMCPServerConfig is an MCP server that is reached over HTTP, as a client may give it."""

    type: Literal["remote", "http"]
    url: str
    headers: dict[str, str] | None = None
    transport: Literal["http", "sse"] | None = None
    #: `bearerTokenEnvVar` names an environment variable of the bridge whose value is sent as the token.
    bearer_token_env_var: str | None = field(default=None, metadata={"json": "bearerTokenEnvVar"})
    #: `envHeaders` name environment variables of the bridge whose values are sent as headers.
    env_headers: dict[str, str] | None = field(default=None, metadata={"json": "envHeaders"})
    #: `enabled` is true unless it says otherwise.
    enabled: bool | None = None
    #: `timeoutMs` is in milliseconds.
    timeout_ms: int | None = field(default=None, metadata={"json": "timeoutMs"})
    #: `timeout` is another name of `timeoutMs`.
    timeout: int | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SchemaParams:
    """SchemaParams choose a description."""

    #: `format` is json-schema unless another one is asked for.
    format: SchemaFormat | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SendParams:
    """SendParams are a message for an agent."""

    session_id: str = field(metadata={"json": "sessionId"})
    message: str
    attachments: list[Attachment] | None = None
    #: queue unless it says otherwise
    on_busy: BusyPolicy | None = field(default=None, metadata={"json": "onBusy"})
    #: `clientMessageId` makes the send idempotent: a second one with the same id is answered like the first and
    #: does nothing.
    client_message_id: str | None = field(default=None, metadata={"json": "clientMessageId"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SendResult:
    """SendResult tells that a message was accepted."""

    turn_id: str = field(metadata={"json": "turnId"})
    #: `sequence` is the log's head at acceptance: the message's events come after it.
    sequence: int
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SendStreamParams:
    """SendStreamParams are a message whose turn is to be followed."""

    session_id: str = field(metadata={"json": "sessionId"})
    message: str
    attachments: list[Attachment] | None = None
    #: queue unless it says otherwise
    on_busy: BusyPolicy | None = field(default=None, metadata={"json": "onBusy"})
    #: `clientMessageId` makes the send idempotent: a second one with the same id is answered like the first and
    #: does nothing.
    client_message_id: str | None = field(default=None, metadata={"json": "clientMessageId"})
    #: `until` is "input" (the default): the stream also ends when a permission or question stays open; or "turn":
    #: only with the turn.
    until: StreamUntil | None = None
    include_raw: bool | None = field(default=None, metadata={"json": "includeRaw"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SendStreamResult:
    """SendStreamResult tells that a message was accepted and which notifications belong to it."""

    turn_id: str = field(metadata={"json": "turnId"})
    #: `sequence` is the log's head at acceptance: the message's events come after it.
    sequence: int
    subscription_id: str | None = field(default=None, metadata={"json": "subscriptionId"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ServerStatus:
    """ServerStatus tells of an agent's server, or of all of them where sessions can't share one. One that is
    stopped and says nothing else was never needed."""

    status: ServerState
    #: `baseUrl` is where a server that speaks HTTP listens.
    base_url: str | None = field(default=None, metadata={"json": "baseUrl"})
    #: `uptimeMs` is for how many milliseconds it has been running, if it is.
    uptime_ms: int | None = field(default=None, metadata={"json": "uptimeMs"})
    #: `restartCount` is how often a server that had died was started again.
    restart_count: int = field(metadata={"json": "restartCount"})
    last_error: str | None = field(default=None, metadata={"json": "lastError"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SessionChangedParams:
    """SessionChangedParams are the params of a session/changed notification."""

    subscription_id: str = field(metadata={"json": "subscriptionId"})
    session: SessionInfo
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SessionEndedData:
    """SessionEndedData closes a stream: nothing comes after it."""

    reason: SessionEndReason
    terminated_by: EventSource
    #: `message`, `exit_code` and `stderr` are set only with reason error.
    message: str | None = None
    exit_code: int | None = None
    stderr: StderrOutput | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SessionEndedEvent(EventBase):
    """`session.ended`: SessionEndedData closes a stream: nothing comes after it."""

    type: Literal["session.ended"]
    data: SessionEndedData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SessionEventParams:
    """SessionEventParams are the params of a session/event notification."""

    subscription_id: str = field(metadata={"json": "subscriptionId"})
    event: UniversalEvent
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SessionInfo:
    """SessionInfo is a session as clients see it."""

    session_id: str = field(metadata={"json": "sessionId"})
    agent: str
    agent_mode: str = field(metadata={"json": "agentMode"})
    permission_mode: str = field(metadata={"json": "permissionMode"})
    model: str | None
    variant: str | None
    native_session_id: str | None = field(metadata={"json": "nativeSessionId"})
    ended: bool
    event_count: int = field(metadata={"json": "eventCount"})
    #: in Unix milliseconds
    created_at: int = field(metadata={"json": "createdAt"})
    #: of the last event, in Unix milliseconds
    updated_at: int = field(metadata={"json": "updatedAt"})
    directory: str | None
    title: str | None
    #: secrets masked
    mcp: dict[str, MCPServer] | None = None
    skills: Skills | None = None
    status: SessionStatus
    #: `turnId` is the running turn.
    turn_id: str | None = field(metadata={"json": "turnId"})
    #: `queuedTurns` counts messages that wait for their turn.
    queued_turns: int = field(metadata={"json": "queuedTurns"})
    #: `usage` is the sum over the session's turns; the context figures are those of the last.
    usage: Usage
    pending_permission_count: int = field(metadata={"json": "pendingPermissionCount"})
    pending_question_count: int = field(metadata={"json": "pendingQuestionCount"})
    background_tasks: int = field(metadata={"json": "backgroundTasks"})
    #: `droppedEvents` counts what the agent said about things that were closed.
    dropped_events: int = field(metadata={"json": "droppedEvents"})
    #: `pendingPermissions` and `pendingQuestions` are there, in full, only where one session was asked for.
    pending_permissions: list[PermissionData] | None = field(default=None, metadata={"json": "pendingPermissions"})
    pending_questions: list[QuestionData] | None = field(default=None, metadata={"json": "pendingQuestions"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SessionParams:
    """SessionParams name a session."""

    session_id: str = field(metadata={"json": "sessionId"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SessionStartedData:
    """SessionStartedData opens every stream."""

    #: `metadata` is {agent, agentMode, permissionMode, model, variant} for a session of this bridge; the last two
    #: are null when unset.
    metadata: JSONValue
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SessionStartedEvent(EventBase):
    """`session.started`: SessionStartedData opens every stream."""

    type: Literal["session.started"]
    data: SessionStartedData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SessionUpdatedData:
    """SessionUpdatedData holds those settings of a session that changed."""

    title: str | None = None
    model: str | None = None
    variant: str | None = None
    agent_mode: str | None = None
    permission_mode: str | None = None
    native_session_id: str | None = None
    commands: list[SlashCommand] | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SessionUpdatedEvent(EventBase):
    """`session.updated`: SessionUpdatedData holds those settings of a session that changed."""

    type: Literal["session.updated"]
    data: SessionUpdatedData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SessionsResult:
    """SessionsResult is a run of sessions."""

    sessions: list[SessionInfo]
    #: `nextCursor` continues the list; absent at its end.
    next_cursor: str | None = field(default=None, metadata={"json": "nextCursor"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SkillSource:
    """SkillSource is a place that has skills: folders with a SKILL.md."""

    #: "local"
    type: str
    #: a directory
    source: str
    skills: list[str] | None = None
    subpath: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Skills:
    """Skills are the places where skills come from."""

    sources: list[SkillSource]
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SlashCommand:
    """SlashCommand is a slash command that the agent offers."""

    #: without the slash
    name: str
    description: str
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class StatusPart:
    """StatusPart is a short notice of what is going on."""

    type: Literal["status"]
    label: str
    detail: str | None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class StderrOutput:
    """StderrOutput is what is kept of a process's standard error: up to 70 lines all in `head`; of more, the first
    20 in `head` and the last 50 in `tail`."""

    head: str | None = None
    tail: str | None = None
    truncated: bool
    total_lines: int | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class StreamEndedParams:
    """StreamEndedParams are the params of the last notification of a subscription."""

    subscription_id: str = field(metadata={"json": "subscriptionId"})
    reason: StreamEndReason
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SubscribeParams:
    """SubscribeParams choose what to be told."""

    #: `sessionId` is the session whose events are wanted; without it, changes of all sessions are told.
    session_id: str | None = field(default=None, metadata={"json": "sessionId"})
    offset: int | None = None
    include_raw: bool | None = field(default=None, metadata={"json": "includeRaw"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class SubscribeResult:
    """SubscribeResult tells which notifications belong to a subscription."""

    subscription_id: str | None = field(default=None, metadata={"json": "subscriptionId"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class TextPart:
    """TextPart is plain text or Markdown."""

    type: Literal["text"]
    text: str
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ToolCallPart:
    """ToolCallPart is a call of a tool."""

    type: Literal["tool_call"]
    name: str
    #: `arguments` is text, normally JSON.
    arguments: str
    call_id: str
    tool_kind: ToolKind | None = None
    #: `title` is one line for a person, such as the command or the path.
    title: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class ToolResultPart:
    """ToolResultPart is what a call gave: the text that the model got."""

    type: Literal["tool_result"]
    call_id: str
    output: str
    is_error: bool
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class TurnEndedData:
    """TurnEndedData closes a turn. All that the turn opened is closed before it."""

    phase: TurnPhase
    turn_id: str | None = None
    stop_reason: StopReason
    #: of this turn
    usage: Usage | None = None
    metadata: JSONValue | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class TurnEndedEvent(EventBase):
    """`turn.ended`: TurnEndedData closes a turn. All that the turn opened is closed before it."""

    type: Literal["turn.ended"]
    data: TurnEndedData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class TurnStartedData:
    """TurnStartedData opens a turn."""

    phase: TurnPhase
    turn_id: str | None = None
    origin: TurnOrigin
    #: `client_message_id` is the idempotency key that the client sent along.
    client_message_id: str | None = None
    metadata: JSONValue | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class TurnStartedEvent(EventBase):
    """`turn.started`: TurnStartedData opens a turn."""

    type: Literal["turn.started"]
    data: TurnStartedData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class UniversalItem:
    """UniversalItem is something that was said or done. One item streams one text."""

    #: unique within the session
    item_id: str
    #: the agent's own id of it
    native_item_id: str | None
    #: `parent_id` is null for the main agent; for all that a sub-agent does it is the item id of the tool call that
    #: started the sub-agent.
    parent_id: str | None
    kind: ItemKind
    role: ItemRole | None
    content: list[ContentPart]
    status: ItemStatus
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class UnparsedData:
    """UnparsedData reports a message of the agent that was not understood. The message itself is the event's raw
    payload."""

    #: what is wrong with it
    error: str
    #: the agent that it came from
    location: str
    #: always null here
    raw_hash: str | None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class UnsubscribeParams:
    """UnsubscribeParams name a subscription."""

    subscription_id: str = field(metadata={"json": "subscriptionId"})
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class UpdateParams:
    """UpdateParams change a session's settings."""

    session_id: str = field(metadata={"json": "sessionId"})
    model: str | None = None
    variant: str | None = None
    agent_mode: str | None = field(default=None, metadata={"json": "agentMode"})
    permission_mode: PermissionMode | None = field(default=None, metadata={"json": "permissionMode"})
    title: str | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Usage:
    """Usage counts the tokens of the turn so far. One meaning for every agent: input includes cache reads and
    writes, output includes reasoning, total is input plus output, sub-agents are included. A figure that the agent
    does not give is absent."""

    #: with those of the cache
    input_tokens: int | None = None
    #: read from the cache
    cached_input_tokens: int | None = None
    #: written to the cache
    cache_write_tokens: int | None = None
    #: with those of reasoning
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    #: input and output
    total_tokens: int | None = None
    #: `cost_usd` is what the agent says the turn cost, in US dollars.
    cost_usd: float | None = None
    #: `context_window` is the model's limit, `context_used` what of it is taken.
    context_window: int | None = None
    context_used: int | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class UsageData:
    """UsageData is the usage of the running turn, or outside one of the session's last turn."""

    #: with those of the cache
    input_tokens: int | None = None
    #: read from the cache
    cached_input_tokens: int | None = None
    #: written to the cache
    cache_write_tokens: int | None = None
    #: with those of reasoning
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    #: input and output
    total_tokens: int | None = None
    #: `cost_usd` is what the agent says the turn cost, in US dollars.
    cost_usd: float | None = None
    #: `context_window` is the model's limit, `context_used` what of it is taken.
    context_window: int | None = None
    context_used: int | None = None
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class UsageUpdatedEvent(EventBase):
    """`usage.updated`: UsageData is the usage of the running turn, or outside one of the session's last turn."""

    type: Literal["usage.updated"]
    data: UsageData
    #: What this version of the package doesn't know.
    extra: dict[str, Any] = field(default_factory=dict)


#: BusyPolicy says what becomes of a message that comes while a turn runs. - `queue`: it runs as the next turn, in
#: order - `reject`: it is refused as session_busy - `interrupt`: the running turn is interrupted first - `steer`:
#: it joins the running turn
BusyPolicy = Literal["queue", "reject", "interrupt", "steer"]

#: ContentPart is a piece of an item's content. Its `type` tells what it is.
ContentPart = Union[
    CommandPart,
    FileRefPart,
    ImagePart,
    JSONPart,
    ReasoningPart,
    StatusPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Unknown,
]

#: DiffScope tells what a diff covers.
DiffScope = Literal["turn", "session"]

#: ErrorCategory is the kind of trouble behind an error event.
ErrorCategory = Literal[
    "auth", "rate_limit", "usage_limit", "overloaded", "context_length", "network", "agent_crash", "model",
    "internal",
]

#: ErrorKind is the stable name of an error; clients switch on it.
ErrorKind = Literal[
    "invalid_request", "parse_error", "invalid_message", "unprocessable", "not_found", "method_not_allowed",
    "payload_too_large", "unsupported_media_type", "unsupported_agent", "mode_not_supported", "agent_not_installed",
    "session_not_found", "session_already_exists", "session_busy", "session_ended", "token_invalid",
    "permission_denied", "install_failed", "agent_process_exited", "internal", "stream_error", "timeout",
    "not_supported", "request_cancelled",
]

#: EventSource tells who an event comes from. - `agent`: the agent said so - `daemon`: the bridge made it; such an
#: event is synthetic
EventSource = Literal["agent", "daemon"]

#: EventType names what an event tells and thereby what its data holds.
EventType = Literal[
    "session.started", "session.updated", "session.ended", "turn.started", "turn.ended", "item.started",
    "item.delta", "item.completed", "permission.requested", "permission.resolved", "question.requested",
    "question.resolved", "usage.updated", "plan.updated", "diff.updated", "quota.updated", "error", "agent.unparsed",
]

#: FSEntriesResult is what a directory holds, sorted by name.
FSEntriesResult = list[FSEntry]

#: FSEntryType tells directories from everything else.
FSEntryType = Literal["file", "directory"]

#: FileAction is what was done to a file.
FileAction = Literal["read", "write", "patch", "delete", "rename"]

#: ItemKind tells what an item is.
ItemKind = Literal["message", "tool_call", "tool_result", "system", "status", "unknown"]

#: ItemRole tells who an item comes from. In JSON the empty one is null.
ItemRole = Literal["user", "assistant", "system", "tool"]

#: ItemStatus is the state of an item.
ItemStatus = Literal["in_progress", "completed", "failed", "cancelled"]

#: JSONValue is any value.
JSONValue = Any

#: MCPServerConfig is a tool server that a session gets.
MCPServerConfig = Union[
    LocalMCPServerConfig,
    RemoteMCPServerConfig,
    Unknown,
]

#: PermissionDecision is the answer to a permission request.
PermissionDecision = Literal["once", "always", "reject"]

#: PermissionMode says which actions need a permission. - `default`: the agent's own rules - `plan`: nothing may be
#: changed - `bypass`: everything is allowed - `acceptEdits`: file changes are allowed
PermissionMode = Literal["default", "plan", "bypass", "acceptEdits"]

#: PermissionOptionKind tells what choosing a permission option means.
PermissionOptionKind = Literal["allow_once", "allow_always", "reject_once", "reject_always"]

#: PermissionStatus is the state of a permission request.
PermissionStatus = Literal["requested", "accept", "accept_for_session", "reject"]

#: PlanStatus is the state of one entry of a plan.
PlanStatus = Literal["pending", "in_progress", "completed", "cancelled"]

#: QuestionStatus is the state of a question.
QuestionStatus = Literal["requested", "answered", "rejected"]

#: QuotaKind tells which limit a quota event speaks of.
QuotaKind = Literal["rate_limit", "usage_limit", "billing"]

#: ReasoningVisibility tells whether reasoning is meant to be shown.
ReasoningVisibility = Literal["public", "private"]

#: SchemaDocument is a description: a JSON Schema, an OpenAPI or an OpenRPC document.
SchemaDocument = dict[str, Any]

#: SchemaFormat names a description of the API that other programs read. - `json-schema`: of events, params and
#: results - `openapi`: of the methods on HTTP - `openrpc`: of the methods on stdio
SchemaFormat = Literal["json-schema", "openapi", "openrpc"]

#: ServerState is whether a server runs. - `stopped`: it starts when it is needed - `error`: it did not start, or
#: died
ServerState = Literal["running", "stopped", "error"]

#: SessionEndReason tells why a session ended.
SessionEndReason = Literal["completed", "error", "terminated"]

#: SessionStatus is the state of a session. - `waiting`: for a permission or an answer
SessionStatus = Literal["starting", "idle", "running", "waiting", "ended"]

#: StopReason tells why a turn ended. - `cancelled`: never ran
StopReason = Literal["end_turn", "interrupted", "cancelled", "error", "max_tokens", "max_turns", "refusal"]

#: StreamEndReason tells why a stream of events ended.
StreamEndReason = Literal["turn_ended", "input_needed", "session_deleted", "unsubscribed", "shutdown"]

#: StreamUntil says when the stream of a turn ends. - `input`: also when a permission or question stays open -
#: `turn`: only with the turn
StreamUntil = Literal["input", "turn"]

#: ToolKind says what sort of thing a tool does.
ToolKind = Literal[
    "read", "edit", "delete", "move", "search", "execute", "think", "fetch", "mcp", "subagent", "question", "other",
]

#: TurnOrigin tells who began a turn. - `user`: a message of a client - `agent`: the agent by itself: a background
#: task came back
TurnOrigin = Literal["user", "agent"]

#: TurnPhase is "started" or "ended".
TurnPhase = Literal["started", "ended"]

#: UniversalEvent is one entry of a session's stream. Its `type` tells what it is about, and what `data` holds.
UniversalEvent = Union[
    SessionStartedEvent,
    SessionUpdatedEvent,
    SessionEndedEvent,
    TurnStartedEvent,
    TurnEndedEvent,
    ItemStartedEvent,
    ItemDeltaEvent,
    ItemCompletedEvent,
    PermissionRequestedEvent,
    PermissionResolvedEvent,
    QuestionRequestedEvent,
    QuestionResolvedEvent,
    UsageUpdatedEvent,
    PlanUpdatedEvent,
    DiffUpdatedEvent,
    QuotaUpdatedEvent,
    ErrorEvent,
    AgentUnparsedEvent,
    UnknownEvent,
]
