"""What every way to a bridge offers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Protocol

Params = dict[str, Any]
Event = dict[str, Any]


class Transport(Protocol):
    """A way to a bridge. Events and results are JSON as the bridge sends it."""

    async def call(self, method: str, params: Params) -> Any:
        """Makes a call that is answered once."""
        ...

    def follow(self, session_id: str, offset: int, include_raw: bool) -> AsyncIterator[Event]:
        """Gives a session's events after an offset, each once and in order.

        However many connections that takes, until the session is forgotten.
        """
        ...

    def turn(self, session_id: str, params: Params, until: str, include_raw: bool) -> AsyncIterator[Event]:
        """Sends a message and gives the events of its turn."""
        ...

    def watch(self) -> AsyncIterator[Event]:
        """Gives the summaries of sessions as they change."""
        ...

    async def read_file(self, params: Params) -> bytes:
        """Reads a whole file."""
        ...

    async def write_file(self, params: Params, content: bytes) -> Any:
        """Writes a whole file."""
        ...

    async def upload(self, params: Params, archive: bytes) -> Any:
        """Unpacks an archive."""
        ...

    async def close(self) -> None:
        """Ends everything that is under way."""
        ...


async def rest_of_turn(
    transport: Transport, session_id: str, turn_id: str, offset: int, until: str, include_raw: bool
) -> AsyncIterator[Event]:
    """Follows a turn whose own stream broke after an event."""
    async for event in transport.follow(session_id, offset, include_raw):
        kind = event["type"]
        if event["turn_id"] == turn_id:
            yield event
        if kind == "session.ended" or kind == "turn.ended" and event["turn_id"] == turn_id:
            return
        if until != "turn" and kind in ("permission.requested", "question.requested"):
            if await _is_pending(transport, session_id, event):
                return


async def _is_pending(transport: Transport, session_id: str, event: Event) -> bool:
    """Tells whether a request waits for a person: the bridge answers some itself."""
    session = await transport.call("sessions/get", {"sessionId": session_id})
    name = event["type"].partition(".")[0]
    pending = session.get("pendingPermissions" if name == "permission" else "pendingQuestions") or []
    return any(request[name + "_id"] == event["data"][name + "_id"] for request in pending)


async def pause(attempt: int) -> None:
    """Waits before something is tried again, a little longer each time."""
    await asyncio.sleep(min(0.1 * 2 ** min(attempt, 10), 5))
