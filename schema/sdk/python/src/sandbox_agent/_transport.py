"""What every way to a bridge offers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
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
    events: AsyncIterator[Event], turn_id: str, until: str, waits: Callable[[Event], Awaitable[bool]]
) -> AsyncGenerator[Event, None]:
    """Picks a turn, whose own stream broke, out of the events that follow.

    ``waits`` tells whether what an event asks waits for a person.
    """
    async for event in events:
        kind = event["type"]
        if event["turn_id"] == turn_id:
            yield event
            if kind == "turn.ended":
                return
            if until != "turn" and asks(kind) and await waits(event):
                return
        elif kind == "session.ended":
            return


def asks(kind: str) -> bool:
    """Tells whether events of a type ask a person something."""
    return kind in ("permission.requested", "question.requested")


async def needs_person(transport: Transport, session_id: str, turn_id: str, last: Event | None) -> bool:
    """Tells whether a turn waits for a person.

    For the answer to what its last event asks, some of which the bridge answers
    itself, or for what was asked before the message joined the turn.
    """
    session = await transport.call("sessions/get", {"sessionId": session_id})
    pending = [request["permission_id"] for request in session.get("pendingPermissions") or []]
    pending += [request["question_id"] for request in session.get("pendingQuestions") or []]
    if last and asks(last["type"]):
        return last["data"][last["type"].partition(".")[0] + "_id"] in pending
    return session.get("turnId") == turn_id and bool(pending)
