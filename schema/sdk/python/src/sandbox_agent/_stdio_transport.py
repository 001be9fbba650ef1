"""JSON-RPC with a bridge that is a child process."""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import os
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from ._errors import Log, SandboxAgentError, disposed, ended, is_problem, not_started, problem_error
from ._transport import Event, Params, needs_person, rest_of_turn

PROTOCOL_VERSION = "1"
_WINDOW = 4096  # events that wait for their reader; the rest waits in the bridge
_WINDOW_BYTES = 16 << 20  # of them, in JSON
_PIECE = 16 << 20  # of a file, in one message
_STOP_SECONDS = 5.0


class _Stream:
    """What a subscription has brought and nobody has read yet."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Event, int]] = deque()
        self.bytes = 0
        self.behind = False  # there was no room: what follows is read again later
        self.reason: str | None = None
        self.news = asyncio.Event()

    def take(self, event: Event, size: int) -> None:
        full = len(self.waiting) >= _WINDOW or self.waiting and self.bytes + size > _WINDOW_BYTES
        if self.behind or full:
            self.behind = True
        else:
            self.waiting.append((event, size))
            self.bytes += size
        self.news.set()

    def end(self, reason: str) -> None:
        self.reason = self.reason or reason
        self.news.set()

    async def read(self) -> AsyncGenerator[Event, None]:
        """Gives what is there, and ends when that is all or the reader is behind."""
        while True:
            while self.waiting:
                event, size = self.waiting.popleft()
                self.bytes -= size
                yield event
            if self.behind or self.reason is not None:
                return
            self.news.clear()
            await self.news.wait()


class StdioTransport:
    """A bridge that this process started. Make one with :meth:`spawn`."""

    def __init__(self, process: asyncio.subprocess.Process, log: Log) -> None:
        self._process = process
        self._log: Log = log
        self._last_id = 0
        self._pending: dict[int, tuple[asyncio.Future[Any], Callable[[Any], None] | None]] = {}
        self._abandoned: set[int] = set()  # requests for streams that nobody waits for any more
        self._streams: dict[str, _Stream] = {}
        self._gone: SandboxAgentError | None = None
        self._closing = False
        self._max_message_bytes: int | None = None
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def spawn(
        cls, command: Sequence[str], *, env: Mapping[str, str] | None, cwd: str | None, log: Log
    ) -> StdioTransport:
        """Starts a bridge and makes sure that it speaks this protocol."""
        stderr = {"inherit": None, "silent": asyncio.subprocess.DEVNULL}[log]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,  # Ctrl-C is for this process, which may want to interrupt a turn and go on
            )
        except OSError as cause:
            raise not_started(command[0], cause) from cause
        transport = cls(process, log)
        try:
            info = await transport.call("initialize", {"protocolVersion": PROTOCOL_VERSION, "clientInfo": {"name": "python"}})
            server = info.get("serverInfo") if isinstance(info, dict) else None
            if not isinstance(server, dict) or server.get("name") != "sandbox-agent":
                raise SandboxAgentError("stream_error", f"{command[0]} is no sandbox-agent: it answers {info!r:.200}")
            version = info.get("protocolVersion")
            if version != PROTOCOL_VERSION:
                raise SandboxAgentError(
                    "not_supported", f"{command[0]} speaks version {version} of the protocol, this client {PROTOCOL_VERSION}"
                )
            limits = info.get("limits")
            transport._max_message_bytes = limits.get("maxMessageBytes") if isinstance(limits, dict) else None
        except BaseException:
            await transport.close(gently=False)
            raise
        return transport

    async def call(self, method: str, params: Params) -> Any:
        return await self._call(method, params, None)

    async def _call(self, method: str, params: Params, answered: Callable[[Any], None] | None) -> Any:
        """Makes a call. ``answered`` sees the result before anything that follows it."""
        if self._closing:
            raise disposed()
        if self._gone:
            raise self._gone
        self._last_id += 1
        number = self._last_id
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        params = {name: value for name, value in params.items() if value is not None}
        line = _line({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        if self._max_message_bytes and len(line) > self._max_message_bytes:
            raise SandboxAgentError(
                "payload_too_large", f"{method} has {len(line)} bytes, and the bridge reads messages of up to {self._max_message_bytes}"
            )
        self._pending[number] = (future, answered)
        try:
            self._write(line)
            await self._drain()
            return await future
        except asyncio.CancelledError:
            self._write(_line({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": number}}))
            if answered:
                self._abandoned.add(number)
            raise
        finally:
            self._pending.pop(number, None)

    def _write(self, line: bytes) -> None:
        if self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(line)

    async def _drain(self) -> None:
        try:
            if self._process.stdin:
                await self._process.stdin.drain()
        except OSError:
            pass  # the reader sees the end, and tells everybody

    async def _read(self) -> None:
        """Takes all that the bridge says, until it ends."""
        output = self._process.stdout
        assert output is not None
        parts: list[bytes] = []
        try:
            while piece := await output.read(256 << 10):
                *lines, rest = piece.split(b"\n")
                for line in lines:
                    self._message(b"".join([*parts, line]))
                    parts = []
                if rest:
                    parts.append(rest)
        except asyncio.CancelledError:
            self._end(disposed())  # the event loop ends, and nothing will be answered
            raise
        except (AttributeError, KeyError, TypeError) as cause:
            self._end(SandboxAgentError("stream_error", f"the bridge says what is not of its protocol: {cause!r}"))
        else:
            self._end(ended("the bridge", await self._process.wait(), self._log))

    def _message(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            return  # a bridge writes nothing else; a stranger is found out by initialize
        if not isinstance(message, dict):
            return
        if "method" in message:
            self._notified(message["method"], message.get("params") or {}, len(line))
            return
        if message.get("id") in self._abandoned:
            self._abandoned.discard(message["id"])
            if isinstance(result := message.get("result"), dict):  # it came before the bridge heard of it
                self._unsubscribe(result.get("subscriptionId"))
            return
        future, answered = self._pending.get(message.get("id"), (None, None))  # type: ignore[arg-type]
        if future is None or future.done():
            return
        if error := message.get("error"):
            problem = error.get("data")
            future.set_exception(
                problem_error(problem) if is_problem(problem) else SandboxAgentError("internal", str(error.get("message")))
            )
            return
        if answered:
            answered(message.get("result"))
        future.set_result(message.get("result"))

    def _notified(self, method: str, params: dict[str, Any], size: int) -> None:
        stream = self._streams.get(params.get("subscriptionId", ""))
        if stream is None:
            return
        if method == "session/event":
            stream.take(params["event"], size)
        elif method == "session/changed":
            stream.take(params["session"], size)
        elif method == "session/streamEnded":
            stream.end(params["reason"])

    def _end(self, error: SandboxAgentError) -> None:
        self._gone = error
        for future, _ in self._pending.values():
            if not future.done():
                future.set_exception(disposed() if self._closing else error)
        for stream in self._streams.values():
            stream.end("shutdown")

    async def _open(self, method: str, params: Params) -> tuple[str, Any, _Stream]:
        """Opens a stream. It is known before its first event comes."""
        stream = _Stream()
        result = await self._call(method, params, lambda answer: self._streams.__setitem__(answer["subscriptionId"], stream))
        return result["subscriptionId"], result, stream

    def _drop(self, subscription: str) -> None:
        stream = self._streams.pop(subscription, None)
        if stream and stream.reason is None and not self._gone and not self._closing:
            self._unsubscribe(subscription)

    def _unsubscribe(self, subscription: Any) -> None:
        """Ends a subscription. Nobody waits for the answer, which may be that it has just ended."""
        self._last_id += 1
        params = {"subscriptionId": subscription}
        self._write(_line({"jsonrpc": "2.0", "id": self._last_id, "method": "sessions/unsubscribe", "params": params}))

    def _check_end(self, reason: str | None) -> None:
        """Says why a stream ended that its reader didn't want to end."""
        if self._closing:
            raise disposed()
        if self._gone:
            raise self._gone
        if reason == "shutdown":
            raise SandboxAgentError("stream_error", "the bridge is ending")

    async def follow(self, session_id: str, offset: int, include_raw: bool) -> AsyncGenerator[Event, None]:
        while True:
            params = {"sessionId": session_id, "offset": offset, "includeRaw": include_raw}
            subscription, _, stream = await self._open("sessions/subscribe", params)
            try:
                async for event in stream.read():
                    offset = event["sequence"]
                    yield event
                    if event["type"] == "session.ended":
                        return
            finally:
                self._drop(subscription)
            if not stream.behind:
                self._check_end(stream.reason)
                return

    async def turn(self, session_id: str, params: Params, until: str, include_raw: bool) -> AsyncGenerator[Event, None]:
        params = {"clientMessageId": str(uuid.uuid4()), **params, "sessionId": session_id}
        params |= {"until": until, "includeRaw": include_raw}
        subscription, sent, stream = await self._open("sessions/sendMessageStream", params)
        offset = sent["sequence"]
        try:
            async for event in stream.read():
                offset = event["sequence"]
                yield event
        finally:
            self._drop(subscription)
        if not stream.behind:
            self._check_end(stream.reason)
            return
        follow = self.follow(session_id, offset, include_raw)
        waits = functools.partial(needs_person, self, session_id, sent["turnId"])
        async with aclosing(follow), aclosing(rest_of_turn(follow, sent["turnId"], until, waits)) as rest:
            async for event in rest:
                yield event

    async def watch(self) -> AsyncGenerator[Event, None]:
        while True:
            subscription, _, stream = await self._open("sessions/subscribe", {})
            try:
                async for session in stream.read():
                    yield session
            finally:
                self._drop(subscription)
            if not stream.behind:
                self._check_end(stream.reason)
                return

    async def read_file(self, params: Params, offset: int, length: int | None) -> bytes:
        content = bytearray()
        while length is None or len(content) < length:
            size = _PIECE if length is None else min(_PIECE, length - len(content))
            piece = await self.call("fs/read", {**params, "offset": offset + len(content), "length": size})
            content += base64.b64decode(piece["content"])
            if piece["eof"]:
                break
        return bytes(content)

    async def write_file(self, params: Params, content: bytes) -> Any:
        if len(content) <= _PIECE:
            return await self.call("fs/write", {**params, "content": _text(content)})
        written: dict[str, Any] = {}
        for offset in range(0, len(content), _PIECE):
            piece = _text(content[offset : offset + _PIECE])
            written = await self.call("fs/write", {**params, "offset": offset, "content": piece})
        return {**written, "bytesWritten": len(content)}

    async def upload(self, params: Params, archive: bytes) -> Any:
        return await self.call("fs/upload", {**params, "content": _text(archive)})

    async def close(self, *, gently: bool = True) -> None:
        """Lets the bridge end its agents, which it does at the end of its input, and ends it if it doesn't in time."""
        self._closing = True
        if self._process.stdin:
            self._process.stdin.close()
        ends = (None, self._process.terminate, self._process.kill)
        for end in ends if gently else ends[1:]:
            try:
                if end:
                    end()
                await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
                break
            except (asyncio.TimeoutError, ProcessLookupError):
                continue
        self._reading.cancel()  # what the bridge started may hold its output open
        await asyncio.gather(self._reading, return_exceptions=True)
        for future, _ in self._pending.values():
            if not future.done():
                future.set_exception(disposed())


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
