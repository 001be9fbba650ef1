"""Server-sent events, as the HTML standard says."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterable, AsyncIterator


class CutStream(Exception):
    """The stream ended in the middle of an event."""


async def frames(pieces: AsyncIterable[bytes]) -> AsyncIterator[str]:
    """Gives the data of each event. A stream that ends within one is cut."""
    data: list[str] | None = None
    async for line in _lines(pieces):
        if line == "":
            if data is not None:
                yield "\n".join(data)
            data = None
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            if name == "data":
                data = data or []
                data.append(value[1:] if value.startswith(" ") else value)
    if data is not None:
        raise CutStream


async def _lines(pieces: AsyncIterable[bytes]) -> AsyncIterator[str]:
    """Splits at \\n, \\r\\n and \\r, and nowhere else."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    parts: list[str] = []  # of a line that isn't complete
    after_return = False
    async for piece in pieces:
        text = decoder.decode(piece)
        if not text:
            continue
        if after_return and text.startswith("\n"):
            text = text[1:]
        after_return = text.endswith("\r")
        *whole, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in whole:
            yield "".join(parts) + line
            parts = []
        if rest:
            parts.append(rest)
    if parts:
        raise CutStream
