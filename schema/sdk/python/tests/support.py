"""What the tests share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from sandbox_agent import AsyncSandboxAgent

TRANSPORTS = ("http", "stdio")


@contextlib.asynccontextmanager
async def started(transport: Any) -> AsyncIterator[AsyncSandboxAgent]:
    """A bridge with a client of it."""
    async with await AsyncSandboxAgent.start(transport=transport, log="silent") as client:
        yield client


def over_both(test: Callable[[Any, AsyncSandboxAgent], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    """Runs a test over each transport."""

    async def run(self: Any) -> None:
        for transport in TRANSPORTS:
            with self.subTest(transport=transport):
                async with started(transport) as client:
                    await test(self, client)

    return run


async def until(client: AsyncSandboxAgent, session: str, last: str, offset: int = 0) -> AsyncIterator[Any]:
    """The events of a session up to one of a type."""
    async with contextlib.aclosing(client.stream_events(session, offset=offset)) as events:
        async for event in events:
            yield event
            if event.type == last:
                break


class Proxy:
    """Passes on what comes, and cuts connections after so many bytes."""

    def __init__(self, target: str) -> None:
        self._host, _, port = target.removeprefix("http://").rpartition(":")
        self._port = int(port)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        #: How many bytes of answers pass on each connection; None is all.
        self.allow: int | None = None
        self.connections = 0

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for writer in list(self._open):
            writer.close()

    @property
    def url(self) -> str:
        assert self._server
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, near: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        self.connections += 1
        far, to = await asyncio.open_connection(self._host, self._port)
        self._open |= {out, to}
        try:
            await asyncio.gather(self._pass(near, to, None), self._pass(far, out, self.allow))
        except OSError:
            pass  # one of them went
        finally:
            self._open -= {out, to}

    async def _pass(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, allow: int | None) -> None:
        while piece := await source.read(64 << 10):
            if allow is not None:
                piece = piece[:allow]
                allow -= len(piece)
            to.write(piece)
            await to.drain()
            if allow == 0:
                break
        to.close()


class Mute:
    """A server that hears requests and never answers."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._heard = asyncio.Semaphore(0)

    async def __aenter__(self) -> Mute:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()

    @property
    def url(self) -> str:
        assert self._server
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def asked(self, times: int) -> None:
        """Waits until it was asked so often."""
        for _ in range(times):
            await self._heard.acquire()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self._heard.release()
        await reader.read()
        writer.close()
