"""The client for asyncio."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Literal, TypeVar

from . import types as t
from ._codec import decode
from ._errors import SandboxAgentError
from ._http_transport import HttpTransport
from ._spawn import SpawnedServer, find_binary
from ._stdio_transport import StdioTransport
from ._transport import Params, Transport

T = TypeVar("T")


class AsyncSandboxAgent:
    """A bridge to coding agents. Make one with :meth:`connect` or :meth:`start`.

    Close it, or use it with ``async with``. Errors are :class:`SandboxAgentError`.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def connect(
        cls,
        base_url: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        reconnect_timeout: float = 60.0,
    ) -> AsyncSandboxAgent:
        """Uses the server at an address. No request is made yet.

        ``reconnect_timeout`` is for how many seconds a broken stream tries to come back.
        """
        return cls(HttpTransport(base_url, token=token, headers=headers, tls=tls, reconnect_timeout=reconnect_timeout))

    @classmethod
    async def start(
        cls,
        *,
        transport: Literal["http", "stdio"] = "http",
        binary: str | None = None,
        host: str = "127.0.0.1",
        port: int | None = None,
        token: str | None = None,
        timeout: float = 15.0,
        log: Literal["inherit", "silent"] = "inherit",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        args: Sequence[str] = (),
        reconnect_timeout: float = 60.0,
    ) -> AsyncSandboxAgent:
        """Starts the program and uses it; closing the client ends it, and so does the end of this process.

        ``transport`` is how it is spoken to: as a server on a free port, or over
        its standard streams. ``timeout`` bounds the start, in seconds. ``cwd`` is
        the directory of sessions without one, ``args`` are further arguments,
        such as ``["--idle-timeout", "10m"]``.
        """
        program = find_binary(binary)
        if transport == "http":
            return cls(
                await SpawnedServer.spawn(
                    program,
                    host=host,
                    port=port,
                    token=token,
                    timeout=timeout,
                    log=log,
                    env=env,
                    cwd=cwd,
                    args=args,
                    reconnect_timeout=reconnect_timeout,
                )
            )
        spawn = StdioTransport.spawn([program, "stdio", *args], env=env, cwd=cwd, log=log)
        try:
            return cls(await asyncio.wait_for(spawn, timeout))
        except asyncio.TimeoutError as cause:
            raise SandboxAgentError("timeout", f"{program} did not answer within {timeout} s") from cause

    async def close(self) -> None:
        """Ends what is under way, and the program if this client started it."""
        await self._transport.close()

    async def __aenter__(self) -> AsyncSandboxAgent:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _call(self, method: str, params: Params, result: type[T]) -> T:
        answer: T = _decoded(result, await self._transport.call(method, _given(params)))
        return answer

    # Agents

    async def health(self) -> t.HealthResult:
        """Tells that the bridge is there."""
        return await self._call("health", {}, t.HealthResult)

    async def get_schema(self, format: Literal["json-schema", "openapi", "openrpc"] = "json-schema") -> dict[str, Any]:
        """Gives a description of the API that other programs read."""
        return dict(await self._transport.call("schema/get", {"format": format}))

    async def list_agents(self) -> t.AgentsResult:
        """Lists the agents, installed or not, and what they can do."""
        return await self._call("agents/list", {}, t.AgentsResult)

    async def install_agent(self, agent: str, *, version: str | None = None, reinstall: bool = False) -> None:
        """Installs an agent. It returns when the agent can be used."""
        await self._transport.call("agents/install", _given({"agent": agent, "version": version, "reinstall": reinstall}))

    async def get_agent_modes(self, agent: str) -> t.ModesResult:
        """Lists the ways in which an agent works."""
        return await self._call("agents/modes", {"agent": agent}, t.ModesResult)

    async def get_agent_models(self, agent: str) -> t.ModelsResult:
        """Lists the models that an agent can be asked for."""
        return await self._call("agents/models", {"agent": agent}, t.ModelsResult)

    # Sessions

    async def list_sessions(
        self, *, status: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> t.SessionsResult:
        """Lists sessions, the newest first."""
        return await self._call("sessions/list", {"status": status, "limit": limit, "cursor": cursor}, t.SessionsResult)

    async def create_session(
        self,
        session_id: str | None = None,
        *,
        agent: str,
        agent_mode: str | None = None,
        permission_mode: Literal["default", "plan", "acceptEdits", "bypass"] | None = None,
        model: str | None = None,
        variant: str | None = None,
        agent_version: str | None = None,
        directory: str | None = None,
        title: str | None = None,
        env: Mapping[str, str] | None = None,
        resume: str | None = None,
        system_prompt: str | None = None,
        mcp: Mapping[str, Mapping[str, Any]] | None = None,
        skills: Sequence[Mapping[str, Any]] | None = None,
        idle_timeout: int | None = None,
    ) -> t.CreateResult:
        """Makes a session and starts its agent.

        Without an id one is made. ``resume`` continues a conversation that the
        agent knows by its own id; ``skills`` are sources such as
        ``{"type": "local", "source": "/path"}``; ``idle_timeout`` is in
        milliseconds.
        """
        params = {
            "sessionId": session_id,
            "agent": agent,
            "agentMode": agent_mode,
            "permissionMode": permission_mode,
            "model": model,
            "variant": variant,
            "agentVersion": agent_version,
            "directory": directory,
            "title": title,
            "env": env,
            "resume": resume,
            "systemPrompt": system_prompt,
            "mcp": mcp,
            "skills": {"sources": list(skills)} if skills is not None else None,
            "idleTimeout": idle_timeout,
        }
        return await self._call("sessions/create", params, t.CreateResult)

    async def get_session(self, session_id: str) -> t.SessionInfo:
        """Describes a session, with all that waits for a person."""
        return await self._call("sessions/get", {"sessionId": session_id}, t.SessionInfo)

    async def update_session(
        self,
        session_id: str,
        *,
        model: str | None = None,
        variant: str | None = None,
        agent_mode: str | None = None,
        permission_mode: str | None = None,
        title: str | None = None,
    ) -> None:
        """Changes what is given, at once or from the next turn on."""
        params = {
            "sessionId": session_id,
            "model": model,
            "variant": variant,
            "agentMode": agent_mode,
            "permissionMode": permission_mode,
            "title": title,
        }
        await self._transport.call("sessions/update", _given(params))

    async def post_message(
        self,
        session_id: str,
        message: str,
        *,
        attachments: Sequence[Mapping[str, Any]] | None = None,
        on_busy: Literal["queue", "reject", "interrupt", "steer"] | None = None,
        client_message_id: str | None = None,
    ) -> t.SendResult:
        """Sends a message. It returns when that is accepted, not when the turn ends."""
        params = _message(session_id, message, attachments, on_busy, client_message_id)
        return await self._call("sessions/sendMessage", params, t.SendResult)

    async def stream_turn(
        self,
        session_id: str,
        message: str,
        *,
        attachments: Sequence[Mapping[str, Any]] | None = None,
        on_busy: Literal["queue", "reject", "interrupt", "steer"] | None = None,
        client_message_id: str | None = None,
        until: Literal["input", "turn"] = "input",
        include_raw: bool = False,
    ) -> AsyncGenerator[t.UniversalEvent, None]:
        """Sends a message and gives the events of its turn.

        They end with the turn, or where a person is needed; with
        ``until="turn"`` only with the turn.
        """
        params = _given(_message(session_id, message, attachments, on_busy, client_message_id))
        async with aclosing(self._transport.turn(session_id, params, until, include_raw)) as events:
            async for event in events:
                yield _decoded(t.UniversalEvent, event)

    async def interrupt_session(
        self, session_id: str, *, turn_id: str | None = None, queue: Literal["keep", "drop"] | None = None
    ) -> None:
        """Ends the running turn and keeps the session. It returns once the turn has ended."""
        await self._transport.call("sessions/interrupt", _given({"sessionId": session_id, "turnId": turn_id, "queue": queue}))

    async def terminate_session(self, session_id: str) -> None:
        """Ends a session with its processes and keeps its events."""
        await self._transport.call("sessions/terminate", {"sessionId": session_id})

    async def delete_session(self, session_id: str) -> None:
        """Forgets a session; a live one is ended first."""
        await self._transport.call("sessions/delete", {"sessionId": session_id})

    # Events

    async def get_events(
        self, session_id: str, *, offset: int = 0, limit: int | None = None, include_raw: bool = False
    ) -> t.EventsResult:
        """Reads events that are there."""
        params = {"sessionId": session_id, "offset": offset, "limit": limit, "includeRaw": include_raw}
        return await self._call("sessions/events", params, t.EventsResult)

    async def stream_events(
        self, session_id: str, *, offset: int = 0, include_raw: bool = False
    ) -> AsyncGenerator[t.UniversalEvent, None]:
        """Gives a session's events after an offset, each once and in order.

        A connection that breaks is made again, and nothing is lost by that. It
        ends with ``session.ended``, or when the session is deleted.
        """
        if not session_id:  # which would be about all sessions
            raise SandboxAgentError("invalid_request", "a session's events need its id; watch_sessions is about all sessions")
        async with aclosing(self._transport.follow(session_id, offset, include_raw)) as events:
            async for event in events:
                yield _decoded(t.UniversalEvent, event)

    async def watch_sessions(self) -> AsyncGenerator[t.SessionInfo, None]:
        """Gives the summaries of all sessions as they change."""
        async with aclosing(self._transport.watch()) as sessions:
            async for session in sessions:
                yield _decoded(t.SessionInfo, session)

    # Requests

    async def reply_question(self, session_id: str, question_id: str, answers: Sequence[Sequence[str]]) -> None:
        """Answers a question: with choices or free texts for each of its questions."""
        params = {"sessionId": session_id, "questionId": question_id, "answers": [list(answer) for answer in answers]}
        await self._transport.call("questions/reply", params)

    async def reject_question(self, session_id: str, question_id: str, *, message: str | None = None) -> None:
        """Refuses a question, with a text for the agent."""
        params = {"sessionId": session_id, "questionId": question_id, "message": message}
        await self._transport.call("questions/reject", _given(params))

    async def reply_permission(
        self,
        session_id: str,
        permission_id: str,
        reply: Literal["once", "always", "reject"],
        *,
        message: str | None = None,
    ) -> None:
        """Answers a permission request; a refusal may have a text for the agent."""
        params = {"sessionId": session_id, "permissionId": permission_id, "reply": reply, "message": message}
        await self._transport.call("permissions/reply", _given(params))

    # Files. Relative paths start from the session's directory, without a
    # session from the home of the user that runs the bridge.

    async def list_fs_entries(self, path: str = ".", *, session_id: str | None = None) -> list[t.FSEntry]:
        """Lists a directory."""
        return await self._call("fs/entries", {"path": path, "sessionId": session_id}, list[t.FSEntry])

    async def read_fs_file(
        self, path: str, *, offset: int = 0, length: int | None = None, session_id: str | None = None
    ) -> bytes:
        """Reads a file, or with offset and length a piece of it."""
        if offset < 0 or length is not None and length < 0:
            raise SandboxAgentError("invalid_request", f"offset {offset} or length {length} is negative")
        return await self._transport.read_file(_given({"path": path, "sessionId": session_id}), offset, length)

    async def write_fs_file(self, path: str, content: bytes | str, *, session_id: str | None = None) -> t.FSWriteResult:
        """Writes a file, with the directories that lead to it."""
        data = content.encode() if isinstance(content, str) else content
        params = _given({"path": path, "sessionId": session_id})
        written: t.FSWriteResult = _decoded(t.FSWriteResult, await self._transport.write_file(params, data))
        return written

    async def delete_fs_entry(self, path: str, *, recursive: bool = False, session_id: str | None = None) -> t.FSChangeResult:
        """Deletes a file, or a directory with all it holds if it is recursive."""
        params = {"path": path, "recursive": recursive, "sessionId": session_id}
        return await self._call("fs/delete", params, t.FSChangeResult)

    async def mkdir_fs(self, path: str, *, session_id: str | None = None) -> t.FSChangeResult:
        """Makes a directory, with all that leads to it."""
        return await self._call("fs/mkdir", {"path": path, "sessionId": session_id}, t.FSChangeResult)

    async def move_fs(self, from_: str, to: str, *, overwrite: bool = False, session_id: str | None = None) -> t.FSMoveResult:
        """Moves a file or a directory."""
        params = {"from": from_, "to": to, "overwrite": overwrite, "sessionId": session_id}
        return await self._call("fs/move", params, t.FSMoveResult)

    async def stat_fs(self, path: str, *, session_id: str | None = None) -> t.FSStat:
        """Describes a file or a directory."""
        return await self._call("fs/stat", {"path": path, "sessionId": session_id}, t.FSStat)

    async def upload_fs_batch(self, archive: bytes, *, path: str = ".", session_id: str | None = None) -> t.FSUploadResult:
        """Unpacks a tar or tar.gz archive into a directory, or refuses it whole."""
        params = _given({"path": path, "sessionId": session_id})
        uploaded: t.FSUploadResult = _decoded(t.FSUploadResult, await self._transport.upload(params, archive))
        return uploaded


def _given(params: Params) -> Params:
    return {name: value for name, value in params.items() if value is not None}


def _message(
    session_id: str,
    message: str,
    attachments: Sequence[Mapping[str, Any]] | None,
    on_busy: str | None,
    client_message_id: str | None,
) -> Params:
    return {
        "sessionId": session_id,
        "message": message,
        "attachments": list(attachments) if attachments is not None else None,
        "onBusy": on_busy,
        "clientMessageId": client_message_id,
    }


def _decoded(hint: Any, value: Any) -> Any:
    """Decodes an answer; one that doesn't fit comes from another version."""
    try:
        return decode(hint, value)
    except (TypeError, KeyError) as cause:
        raise SandboxAgentError("stream_error", f"the bridge's answer is of another version: {cause}") from cause
