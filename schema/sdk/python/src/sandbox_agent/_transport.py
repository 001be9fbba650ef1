"""What every way to a bridge offers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Protocol

Params = dict[str, Any]
Event = dict[str, Any]


class Transport(Protocol):
    """A way to a bridge. Events and results are JSON as the bridge sends it."""

    async def call(self, method: str, params: Params) -> Any:
        """Makes a call that is answered once."""
        ...

    def follow(self, session_id: str, offset: int, include_raw: bool) -> AsyncGenerator[Event, None]:
        """Gives a session's events after an offset, each once and in order.

        However many connections that takes, until the session ends or is deleted.
        """
        ...

    def turn(self, session_id: str, params: Params, until: str, include_raw: bool) -> AsyncGenerator[Event, None]:
        """Sends a message and gives the events of its turn."""
        ...

    def watch(self) -> AsyncGenerator[Event, None]:
        """Gives the summaries of sessions as they change."""
        ...

    async def read_file(self, params: Params, offset: int, length: int | None) -> bytes:
        """Reads a file, or the piece of it that is there."""
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
    transport: Transport, events: AsyncIterator[Event], session_id: str, turn_id: str, until: str
) -> AsyncGenerator[Event, None]:
    """Picks a turn, whose own stream broke, out of the events that follow."""
    async for event in events:
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
