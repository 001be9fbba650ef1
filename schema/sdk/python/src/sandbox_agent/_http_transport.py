"""Calls over HTTP, and streams as server-sent events."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import uuid
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from . import _http, _sse
from ._errors import SandboxAgentError, disposed, is_problem, problem_error
from ._routes import ROUTES
from ._transport import Event, Params, asks, needs_person, rest_of_turn

T = TypeVar("T")

_RANGE_NOT_SATISFIABLE = 416
_SILENCE = 60.0  # seconds; the bridge says something every 15


class BrokenError(SandboxAgentError):
    """The connection broke, and may come back."""


class _Patience:
    """Decides whether a stream is tried again.

    A connection that never was gets no second chance, so that a wrong address is told at once.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._connected = False
        self._failures = 0  # since something last came
        self._since = 0.0

    def connected(self) -> None:
        self._connected = True

    def progressed(self) -> None:
        self._failures = 0

    async def wait(self, error: BrokenError) -> None:
        """Waits before the next try, a little longer each time, or raises the error."""
        now = asyncio.get_running_loop().time()
        if self._failures == 0:
            self._since = now
        if not self._connected or now - self._since > self._limit:
            raise error
        if self._failures:
            await asyncio.sleep(min(0.1 * 2 ** min(self._failures - 1, 10), 5))
        self._failures += 1


class HttpTransport:
    """A bridge that serves HTTP."""

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        reconnect_timeout: float,
    ) -> None:
        try:
            _http.address(base_url)
        except (TypeError, ValueError, AttributeError) as cause:
            raise SandboxAgentError(
                "invalid_request", f"{base_url!r} is not an address such as 'http://127.0.0.1:2468' ({cause})"
            ) from cause
        self._base = base_url.rstrip("/")
        self._reconnect_timeout = reconnect_timeout
        self._headers = dict(headers or {})
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._tls = tls
        self._closed = False
        self._open: set[_http.Response] = set()  # streams
        self._waits: set[asyncio.Future[None]] = set()  # for whatever else is under way

    async def request(
        self,
        method: str,
        params: Params,
        *,
        file: bytes | None = None,
        file_type: str = "",
        accept: str = "application/json",
        piece: str = "",
    ) -> _http.Response:
        """Does the HTTP request of any call. The caller closes the answer."""
        if self._closed:
            raise disposed()
        route = ROUTES.get(method)
        if route is None:
            raise SandboxAgentError("not_supported", f"{method} can't be called over HTTP; use transport='stdio'")
        verb, paths = route
        path, rest = _fill(method, paths, params)
        headers = {"Accept": accept, **self._headers}
        if piece:
            headers["Range"] = f"bytes={piece}"
        body = file
        if file is not None:
            headers["Content-Type"] = file_type
        elif verb not in ("GET", "DELETE"):
            body = json.dumps(rest).encode()
            headers["Content-Type"] = "application/json"
            rest = {}
        try:
            response = await _http.request(verb, self._base + path + _query(rest), headers, body, self._tls)
        except _http.BrokenConnection as cause:
            raise self._broken(cause) from cause
        except ValueError as cause:
            raise SandboxAgentError("invalid_request", f"the token or a header can't be sent: {cause}") from cause
        if response.status // 100 == 2:
            return response
        try:
            raise await self._refused(response)
        finally:
            await response.close()

    async def _stream(self, method: str, params: Params) -> _http.Response:
        return await self._unless_closed(self.request(method, params, accept="text/event-stream"))

    async def _unless_closed(self, work: Coroutine[Any, Any, T]) -> T:
        """Awaits work, which ends when the client is closed."""
        if self._closed:
            work.close()
            raise disposed()
        task = asyncio.ensure_future(work)
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits.add(over)
        try:
            await asyncio.wait((task, over), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise disposed()
            return task.result()
        finally:
            self._waits.discard(over)
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def call(self, method: str, params: Params) -> Any:
        return await self._unless_closed(self._call(method, params))

    async def _call(self, method: str, params: Params) -> Any:
        return await self._answer(await self.request(method, params))

    async def _answer(self, response: _http.Response) -> Any:
        try:
            if turn := response.headers.get("turn-id"):
                return {"turnId": turn, "sequence": int(response.headers.get("event-sequence", 0))}
            try:
                text = await response.read()
            except _http.BrokenConnection as cause:
                raise self._broken(cause) from cause
            try:
                return json.loads(text or b"{}")
            except ValueError as cause:
                raise self._stranger(response) from cause
        finally:
            await response.close()

    def follow(self, session_id: str, offset: int, include_raw: bool) -> AsyncGenerator[Event, None]:
        return self._follow(session_id, offset, include_raw, self._patience())

    async def _follow(
        self, session_id: str, offset: int, include_raw: bool, patience: _Patience
    ) -> AsyncGenerator[Event, None]:
        whole = False  # the last stream ended between two events
        while True:
            try:
                params = {"sessionId": session_id, "offset": offset, "includeRaw": include_raw}
                response = await self._stream("sessions/subscribe", params)
                patience.connected()
                whole = False
                async with aclosing(self._events(response)) as events:
                    async for event in events:
                        patience.progressed()
                        if event["sequence"] <= offset:
                            continue
                        offset = event["sequence"]
                        yield event
                        if event["type"] == "session.ended":
                            return
                whole = True
                broken = BrokenError("stream_error", "the stream of events ended, and the session hasn't")
            except BrokenError as error:
                broken = error
            except SandboxAgentError as error:
                if whole and error.kind == "session_not_found":
                    return  # deleted, which ends its streams
                raise
            await self._unless_closed(patience.wait(broken))

    async def turn(self, session_id: str, params: Params, until: str, include_raw: bool) -> AsyncGenerator[Event, None]:
        # With an id of its own, a message that is sent twice is taken once.
        params = {"clientMessageId": str(uuid.uuid4()), **params, "sessionId": session_id}
        params |= {"until": until, "includeRaw": include_raw}
        response = await self._stream("sessions/sendMessageStream", params)
        patience = self._patience()
        patience.connected()
        turn_id = response.headers.get("turn-id", "")
        offset = int(response.headers.get("event-sequence", 0))
        last: Event | None = None

        async def waits(last: Event | None) -> bool:
            while True:
                try:
                    return await needs_person(self, session_id, turn_id, last)
                except BrokenError as error:
                    await self._unless_closed(patience.wait(error))

        whole = False
        try:
            async with aclosing(self._events(response)) as events:
                async for last in events:
                    offset = last["sequence"]
                    yield last
            whole = True
        except BrokenError:
            pass
        asked = until != "turn" and last is not None and asks(last["type"])
        if last and last["type"] == "turn.ended" or whole and asked:
            return
        # Something on the way may have ended it, and made it look whole.
        if (asked or whole and until != "turn") and await waits(last):
            return
        follow = self._follow(session_id, offset, include_raw, patience)
        async with aclosing(follow), aclosing(rest_of_turn(follow, turn_id, until, waits)) as rest:
            async for event in rest:
                yield event

    async def watch(self) -> AsyncGenerator[Event, None]:
        patience = self._patience()
        while True:
            try:
                response = await self._stream("sessions/subscribe", {})
                patience.connected()
                async with aclosing(self._events(response)) as sessions:
                    async for session in sessions:
                        patience.progressed()
                        yield session
                broken = BrokenError("stream_error", "the stream of sessions ended")
            except BrokenError as error:
                broken = error
            await self._unless_closed(patience.wait(broken))

    def _patience(self) -> _Patience:
        return _Patience(self._reconnect_timeout)

    async def read_file(self, params: Params, offset: int, length: int | None) -> bytes:
        return await self._unless_closed(self._read_file(params, offset, length))

    async def _read_file(self, params: Params, offset: int, length: int | None) -> bytes:
        if length == 0:
            return b""  # no range says that
        piece = f"{offset}-{'' if length is None else offset + length - 1}" if offset or length else ""
        try:
            response = await self.request("fs/read", params, accept="application/octet-stream", piece=piece)
        except SandboxAgentError as error:
            if error.status == _RANGE_NOT_SATISFIABLE:
                return b""  # the file ends before
            raise
        try:
            if not response.headers.get("content-type", "").startswith("application/octet-stream"):
                raise self._stranger(response)
            return await response.read()
        except _http.BrokenConnection as cause:
            raise self._broken(cause) from cause
        finally:
            await response.close()

    async def write_file(self, params: Params, content: bytes) -> Any:
        return await self._unless_closed(self._send("fs/write", params, content, "application/octet-stream"))

    async def upload(self, params: Params, archive: bytes) -> Any:
        return await self._unless_closed(self._send("fs/upload", params, archive, "application/x-tar"))

    async def _send(self, method: str, params: Params, content: bytes, kind: str) -> Any:
        return await self._answer(await self.request(method, params, file=content, file_type=kind))

    async def close(self) -> None:
        self._closed = True
        for over in self._waits:
            if not over.done():
                over.set_result(None)
        await asyncio.gather(*(response.close() for response in list(self._open)))

    async def _events(self, response: _http.Response) -> AsyncGenerator[Event, None]:
        """Gives what a stream carries. One that ends within an event breaks."""
        self._open.add(response)
        try:
            if self._closed:
                raise disposed()  # before it was there
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                raise self._stranger(response)
            async for data in _sse.frames(response.pieces(_SILENCE)):
                try:
                    event = json.loads(data)
                except ValueError as cause:
                    raise self._stranger(response) from cause
                if not isinstance(event, dict):
                    raise self._stranger(response)
                yield event
        except _http.BrokenConnection as cause:
            raise self._broken(cause) from cause
        except _sse.CutStream as cause:
            raise BrokenError("stream_error", "the stream ended in the middle of an event") from cause
        finally:
            self._open.discard(response)
            await response.close()
        if self._closed:
            raise disposed()

    async def _refused(self, response: _http.Response) -> SandboxAgentError:
        try:
            problem = json.loads(await response.read())
        except (ValueError, _http.BrokenConnection):
            problem = None
        if isinstance(problem, dict) and is_problem(problem):
            return problem_error(problem)
        error = self._stranger(response)
        # A proxy says so when the server behind it is away for a moment.
        return BrokenError(error.kind, str(error), error.status) if response.status >= 502 else error

    def _stranger(self, response: _http.Response) -> SandboxAgentError:
        return SandboxAgentError(
            "stream_error",
            f"what answers at {self._base} (with {response.status}) is no sandbox-agent server, "
            "or speaks another version of its protocol",
            response.status,
        )

    def _broken(self, cause: Exception) -> SandboxAgentError:
        if self._closed:
            return disposed()
        return BrokenError("stream_error", f"no answer from {self._base}; is sandbox-agent server running there? ({cause})")


_PARAMETER = re.compile(r"\{(\w+)\}")


def _fill(method: str, paths: tuple[str, ...], params: Params) -> tuple[str, Params]:
    """Puts params into the first path that they suffice for."""
    for pattern in paths:
        names = _PARAMETER.findall(pattern)
        if all(isinstance(params.get(name), str) and params[name] for name in names):
            path = _PARAMETER.sub(lambda match: quote(params[match[1]], safe=""), pattern)
            return path, {name: value for name, value in params.items() if name not in names and value is not None}
    raise SandboxAgentError("invalid_request", f"{method} needs a value for each {{…}} of {' or '.join(paths)}")


def _query(params: Params) -> str:
    words = {name: str(value).lower() if isinstance(value, bool) else value for name, value in params.items()}
    return "?" + urlencode(words) if words else ""
