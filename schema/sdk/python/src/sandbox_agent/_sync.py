"""The client for programs without asyncio."""

# Made by scripts/generate.py; changes belong there.

from __future__ import annotations

import ssl
from collections.abc import Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal

from . import types as t
from ._client import AsyncSandboxAgent
from ._loop import Loop


class SandboxAgent:
    """A bridge to coding agents. Make one with :meth:`connect` or :meth:`start`.

    Close it, or use it with ``with``. It may be used by several threads. Errors
    are :class:`SandboxAgentError`.
    """

    def __init__(self, loop: Loop, client: AsyncSandboxAgent) -> None:
        self._loop = loop
        self._client = client

    @classmethod
    def connect(
        cls,
        base_url: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        reconnect_timeout: float = 60.0,
    ) -> SandboxAgent:
        """Uses the server at an address. No request is made yet.

        ``reconnect_timeout`` is for how many seconds a broken stream tries to come back.
        """
        client = AsyncSandboxAgent.connect(
            base_url, token=token, headers=headers, tls=tls, reconnect_timeout=reconnect_timeout
        )
        return cls(Loop(), client)

    @classmethod
    def start(
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
    ) -> SandboxAgent:
        """Starts the program and uses it; closing the client ends it, and so does the end of this process.

        ``transport`` is how it is spoken to: as a server on a free port, or over
        its standard streams. ``timeout`` bounds the start, in seconds. ``cwd`` is
        the directory of sessions without one, ``args`` are further arguments,
        such as ``["--idle-timeout", "10m"]``.
        """
        loop = Loop()
        try:
            client = loop.run(AsyncSandboxAgent.start(
                transport=transport, binary=binary, host=host, port=port, token=token, timeout=timeout, log=log,
                env=env, cwd=cwd, args=args, reconnect_timeout=reconnect_timeout
            ))
        except BaseException:
            loop.close()
            raise
        return cls(loop, client)

    def close(self) -> None:
        """Ends what is under way, and the program if this client started it."""
        self._loop.close(self._client.close)

    def health(self) -> t.HealthResult:
        """Tells that the bridge is there."""
        return self._loop.run(self._client.health())

    def get_schema(self, format: Literal["json-schema", "openapi", "openrpc"] = "json-schema") -> dict[str, Any]:
        """Gives a description of the API that other programs read."""
        return self._loop.run(self._client.get_schema(format))

    def list_agents(self) -> t.AgentsResult:
        """Lists the agents, installed or not, and what they can do."""
        return self._loop.run(self._client.list_agents())

    def install_agent(self, agent: str, *, version: str | None = None, reinstall: bool = False) -> None:
        """Installs an agent. It returns when the agent can be used."""
        return self._loop.run(self._client.install_agent(agent, version=version, reinstall=reinstall))

    def get_agent_modes(self, agent: str) -> t.ModesResult:
        """Lists the ways in which an agent works."""
        return self._loop.run(self._client.get_agent_modes(agent))

    def get_agent_models(self, agent: str) -> t.ModelsResult:
        """Lists the models that an agent can be asked for."""
        return self._loop.run(self._client.get_agent_models(agent))

    def list_sessions(
        self, *, status: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> t.SessionsResult:
        """Lists sessions, the newest first."""
        return self._loop.run(self._client.list_sessions(status=status, limit=limit, cursor=cursor))

    def create_session(
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
        return self._loop.run(self._client.create_session(
            session_id, agent=agent, agent_mode=agent_mode, permission_mode=permission_mode, model=model,
            variant=variant, agent_version=agent_version, directory=directory, title=title, env=env, resume=resume,
            system_prompt=system_prompt, mcp=mcp, skills=skills, idle_timeout=idle_timeout
        ))

    def get_session(self, session_id: str) -> t.SessionInfo:
        """Describes a session, with all that waits for a person."""
        return self._loop.run(self._client.get_session(session_id))

    def update_session(
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
        return self._loop.run(self._client.update_session(
            session_id, model=model, variant=variant, agent_mode=agent_mode, permission_mode=permission_mode,
            title=title
        ))

    def post_message(
        self,
        session_id: str,
        message: str,
        *,
        attachments: Sequence[Mapping[str, Any]] | None = None,
        on_busy: Literal["queue", "reject", "interrupt", "steer"] | None = None,
        client_message_id: str | None = None,
    ) -> t.SendResult:
        """Sends a message. It returns when that is accepted, not when the turn ends."""
        return self._loop.run(self._client.post_message(
            session_id, message, attachments=attachments, on_busy=on_busy, client_message_id=client_message_id
        ))

    def stream_turn(
        self,
        session_id: str,
        message: str,
        *,
        attachments: Sequence[Mapping[str, Any]] | None = None,
        on_busy: Literal["queue", "reject", "interrupt", "steer"] | None = None,
        client_message_id: str | None = None,
        until: Literal["input", "turn"] = "input",
        include_raw: bool = False,
    ) -> Generator[t.UniversalEvent, None, None]:
        """Sends a message and gives the events of its turn.

        They end with the turn, or where a person is needed; with
        ``until="turn"`` only with the turn.
        """
        return self._loop.iterate(self._client.stream_turn(
            session_id, message, attachments=attachments, on_busy=on_busy, client_message_id=client_message_id,
            until=until, include_raw=include_raw
        ))

    def interrupt_session(
        self, session_id: str, *, turn_id: str | None = None, queue: Literal["keep", "drop"] | None = None
    ) -> None:
        """Ends the running turn and keeps the session. It returns once the turn has ended."""
        return self._loop.run(self._client.interrupt_session(session_id, turn_id=turn_id, queue=queue))

    def terminate_session(self, session_id: str) -> None:
        """Ends a session with its processes and keeps its events."""
        return self._loop.run(self._client.terminate_session(session_id))

    def delete_session(self, session_id: str) -> None:
        """Forgets a session; a live one is ended first."""
        return self._loop.run(self._client.delete_session(session_id))

    def get_events(
        self, session_id: str, *, offset: int = 0, limit: int | None = None, include_raw: bool = False
    ) -> t.EventsResult:
        """Reads events that are there."""
        return self._loop.run(self._client.get_events(
            session_id, offset=offset, limit=limit, include_raw=include_raw
        ))

    def stream_events(
        self, session_id: str, *, offset: int = 0, include_raw: bool = False
    ) -> Generator[t.UniversalEvent, None, None]:
        """Gives a session's events after an offset, each once and in order.

        A connection that breaks is made again, and nothing is lost by that. It
        ends with ``session.ended``, or when the session is deleted.
        """
        return self._loop.iterate(self._client.stream_events(session_id, offset=offset, include_raw=include_raw))

    def watch_sessions(self) -> Generator[t.SessionInfo, None, None]:
        """Gives the summaries of all sessions as they change."""
        return self._loop.iterate(self._client.watch_sessions())

    def reply_question(self, session_id: str, question_id: str, answers: Sequence[Sequence[str]]) -> None:
        """Answers a question: with choices or free texts for each of its questions."""
        return self._loop.run(self._client.reply_question(session_id, question_id, answers))

    def reject_question(self, session_id: str, question_id: str, *, message: str | None = None) -> None:
        """Refuses a question, with a text for the agent."""
        return self._loop.run(self._client.reject_question(session_id, question_id, message=message))

    def reply_permission(
        self,
        session_id: str,
        permission_id: str,
        reply: Literal["once", "always", "reject"],
        *,
        message: str | None = None,
    ) -> None:
        """Answers a permission request; a refusal may have a text for the agent."""
        return self._loop.run(self._client.reply_permission(session_id, permission_id, reply, message=message))

    def list_fs_entries(self, path: str = ".", *, session_id: str | None = None) -> list[t.FSEntry]:
        """Lists a directory."""
        return self._loop.run(self._client.list_fs_entries(path, session_id=session_id))

    def read_fs_file(
        self, path: str, *, offset: int = 0, length: int | None = None, session_id: str | None = None
    ) -> bytes:
        """Reads a file, or with offset and length a piece of it."""
        return self._loop.run(self._client.read_fs_file(
            path, offset=offset, length=length, session_id=session_id
        ))

    def write_fs_file(self, path: str, content: bytes | str, *, session_id: str | None = None) -> t.FSWriteResult:
        """Writes a file, with the directories that lead to it."""
        return self._loop.run(self._client.write_fs_file(path, content, session_id=session_id))

    def delete_fs_entry(self, path: str, *, recursive: bool = False, session_id: str | None = None) -> t.FSChangeResult:
        """Deletes a file, or a directory with all it holds if it is recursive."""
        return self._loop.run(self._client.delete_fs_entry(path, recursive=recursive, session_id=session_id))

    def mkdir_fs(self, path: str, *, session_id: str | None = None) -> t.FSChangeResult:
        """Makes a directory, with all that leads to it."""
        return self._loop.run(self._client.mkdir_fs(path, session_id=session_id))

    def move_fs(self, from_: str, to: str, *, overwrite: bool = False, session_id: str | None = None) -> t.FSMoveResult:
        """Moves a file or a directory."""
        return self._loop.run(self._client.move_fs(from_, to, overwrite=overwrite, session_id=session_id))

    def stat_fs(self, path: str, *, session_id: str | None = None) -> t.FSStat:
        """Describes a file or a directory."""
        return self._loop.run(self._client.stat_fs(path, session_id=session_id))

    def upload_fs_batch(self, archive: bytes, *, path: str = ".", session_id: str | None = None) -> t.FSUploadResult:
        """Unpacks a tar or tar.gz archive into a directory, or refuses it whole."""
        return self._loop.run(self._client.upload_fs_batch(archive, path=path, session_id=session_id))

    def __enter__(self) -> SandboxAgent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
