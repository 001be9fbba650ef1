"""Just enough of HTTP/1.1 for asyncio: one request on each connection.

The standard library's client blocks, and this package needs no other. Answers
are read as they come, so that a stream of events is one.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_LIMIT = 1 << 20  # for a line of a header or of a chunk's size
_PIECE = 64 << 10


class BrokenConnection(Exception):
    """The other side can't be reached, or went in the middle."""


@dataclass(eq=False)  # two answers are never the same
class Response:
    """An answer whose body has yet to be read. Close it."""

    status: int
    headers: dict[str, str]
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _waits_since: float | None = None

    async def pieces(self, silence: float | None = None) -> AsyncIterator[bytes]:
        """Gives the body as it comes. A wait of more than ``silence`` seconds breaks it."""
        watch = _Watch(self, silence) if silence is not None else None
        try:
            if self.headers.get("transfer-encoding", "").lower() == "chunked":
                async for piece in self._chunks():
                    yield piece
            elif "content-length" in self.headers:
                left = int(self.headers["content-length"])
                while left:
                    piece = await self._heard(self._reader.read(min(left, _PIECE)))
                    if not piece:
                        raise BrokenConnection("the answer ended too early")
                    left -= len(piece)
                    yield piece
            elif self.status not in (204, 304):
                while piece := await self._heard(self._reader.read(_PIECE)):
                    yield piece
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as cause:
            raise BrokenConnection(str(cause)) from cause
        finally:
            if watch:
                watch.end()

    async def _heard(self, read: Awaitable[bytes]) -> bytes:
        """Waits for bytes, and not for a reader of ours that is busy."""
        self._waits_since = asyncio.get_running_loop().time()
        try:
            return await read
        finally:
            self._waits_since = None

    async def _chunks(self) -> AsyncIterator[bytes]:
        while True:
            size = int((await self._heard(self._reader.readuntil(b"\r\n"))).split(b";")[0], 16)
            while size:
                piece = await self._heard(self._reader.read(min(size, _PIECE)))
                if not piece:
                    raise BrokenConnection("the answer ended too early")
                size -= len(piece)
                yield piece
                if not size:
                    await self._reader.readexactly(2)
                    break
            else:
                while await self._reader.readuntil(b"\r\n") != b"\r\n":
                    pass  # trailers
                return

    async def read(self) -> bytes:
        """Reads the whole body."""
        return b"".join([piece async for piece in self.pieces()])

    async def close(self) -> None:
        """Gives the connection up, whatever is left of the answer, or of the request."""
        if self._writer.transport.get_write_buffer_size():
            self._writer.transport.abort()
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except (OSError, ssl.SSLError):
            pass  # it was broken already


class _Watch:
    """Breaks an answer that says nothing for too long. One timer is cheaper than one for each read."""

    def __init__(self, response: Response, silence: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._response = response
        self._silence = silence
        self._timer = self._loop.call_later(silence, self._look)

    def _look(self) -> None:
        since = self._response._waits_since
        silent = 0.0 if since is None else self._loop.time() - since
        if silent >= self._silence:
            self._response._reader.set_exception(ConnectionError(f"nothing came for {self._silence} s"))
        else:
            self._timer = self._loop.call_later(self._silence - silent, self._look)

    def end(self) -> None:
        self._timer.cancel()


def address(url: str) -> tuple[bool, str, int]:
    """Tells whether a server's address is that of TLS, and its host and port."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no scheme or no host")
    return secure, parts.hostname, parts.port or (443 if secure else 80)


async def request(
    verb: str, url: str, headers: Mapping[str, str], body: bytes | None, tls: ssl.SSLContext | None
) -> Response:
    """Does a request and reads the head of its answer."""
    parts = urlsplit(url)
    secure, host, port = address(url)
    try:
        reader, writer = await asyncio.open_connection(
            host, port, limit=_LIMIT, ssl=(tls or ssl.create_default_context()) if secure else None
        )
    except OSError as cause:
        raise BrokenConnection(str(cause)) from cause
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"{verb} {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header contains a line break")
        # The answer may come before all of this was sent: that it is too much.
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b""))
        return await _head(reader, writer)
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as cause:
        writer.close()
        raise BrokenConnection(str(cause) or "the server ended the connection") from cause
    except BaseException:
        writer.close()
        raise


async def _head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Response:
    while True:
        line = (await reader.readuntil(b"\r\n")).decode("latin-1")
        words = line.split(None, 2)
        if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
            raise BrokenConnection("what answers does not speak HTTP")
        headers: dict[str, str] = {}
        while (line := (await reader.readuntil(b"\r\n")).decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if int(words[1]) >= 200:
            return Response(int(words[1]), headers, reader, writer)
