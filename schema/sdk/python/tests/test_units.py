"""The parts below the client."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import typing
import unittest
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from sandbox_agent import Unknown, _sse, types
from sandbox_agent._codec import decode


FIXTURES = Path(__file__).parents[4] / "fixtures"


async def pieces_of(text: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


class Frames(unittest.IsolatedAsyncioTestCase):
    async def test_all_ends_of_lines_in_pieces_of_any_size(self) -> None:
        stream = "\ufeff: hi\n\nid: 1\ndata: one\n\ndata:two\r\n\r\nevent: x\rdata: ä\rdata:  b\r\rdata: 4\u2028\n\n".encode()
        want = ["one", "two", "ä\n b", "4\u2028"]
        for size in range(1, len(stream) + 1):
            got = [data async for data in _sse.frames(pieces_of(stream, size))]
            self.assertEqual(got, want, f"in pieces of {size}")

    async def test_cut_streams(self) -> None:
        for cut in (b"data: half", b"data: half\n", b"data: whole\n\nid: 2"):
            with self.assertRaises(_sse.CutStream):
                async for _ in _sse.frames(pieces_of(cut, 4)):
                    pass


class Decoding(unittest.TestCase):
    BASE: dict[str, Any] = {
        "event_id": "evt_1",
        "sequence": 1,
        "time": "2026-01-01T00:00:00Z",
        "session_id": "s",
        "native_session_id": None,
        "turn_id": None,
        "synthetic": False,
        "source": "agent",
        "raw": None,
    }

    def test_nested(self) -> None:
        item = {"item_id": "i", "native_item_id": None, "parent_id": None, "kind": "message", "role": "assistant", "status": "completed"}
        item["content"] = [{"type": "text", "text": "hi"}, {"type": "hologram", "depth": 3}]
        event = decode(types.UniversalEvent, {**self.BASE, "type": "item.completed", "data": {"item": item}})
        self.assertIsInstance(event, types.ItemCompletedEvent)
        content = event.data.item.content
        self.assertEqual(content[0], types.TextPart(type="text", text="hi"))
        self.assertEqual(content[1], Unknown(name="hologram", json={"type": "hologram", "depth": 3}))

    def test_what_is_not_known_is_kept(self) -> None:
        data = {"phase": "ended", "stop_reason": "end_turn", "mood": "good"}
        event = decode(types.UniversalEvent, {**self.BASE, "type": "turn.ended", "data": data, "later": 1})
        self.assertEqual((event.extra, event.data.extra), ({"later": 1}, {"mood": "good"}))
        new = {**self.BASE, "type": "new.kind", "data": {"of": "it"}}
        event = decode(types.UniversalEvent, new)
        self.assertIsInstance(event, Unknown)
        self.assertEqual((event.type, event.name, event.sequence, event.json), ("unknown", "new.kind", 1, new))

    def test_what_does_not_fit_is_refused(self) -> None:
        for hint, value in ((types.AgentsResult, [1]), (types.AgentsResult, {"agents": {}}), (types.UniversalEvent, "x"), (types.HealthResult, {})):
            with self.assertRaises(TypeError):
                decode(hint, value)

    def test_every_event_of_the_recordings(self) -> None:
        count = 0
        for path in FIXTURES.glob("*/*/universal*.jsonl"):
            for line in path.read_text().splitlines():
                event = decode(types.UniversalEvent, json.loads(line))
                self.assert_known(event, f"{path}: {line}")
                count += 1
        self.assertGreater(count, 1000)

    def assert_known(self, value: Any, where: str) -> None:
        """Nothing of a value was left as it came."""
        if isinstance(value, list):
            for each in value:
                self.assert_known(each, where)
        if dataclasses.is_dataclass(value):
            self.assertNotIsInstance(value, Unknown, where)
            self.assertFalse(getattr(value, "extra"), where)
            for field in dataclasses.fields(value):
                self.assert_known(getattr(value, field.name), where)

    def test_names(self) -> None:
        moved = decode(types.FSMoveResult, {"from": "a", "to": "b"})
        self.assertEqual((moved.from_, moved.to), ("a", "b"))


class Generated(unittest.TestCase):
    def test_types_tell_which_variant_it_is(self) -> None:
        for union in (types.UniversalEvent, types.ContentPart, types.MCPServerConfig):
            each = [typing.get_args(typing.get_type_hints(variant)["type"]) for variant in typing.get_args(union)]
            self.assertNotIn((), each, "a type that is no constant")
            tags = [tag for tags in each for tag in tags]
            self.assertEqual(len(set(tags)), len(tags))
        for tag in ("remote", "http"):
            self.assertIsInstance(decode(types.MCPServerConfig, {"type": tag, "url": "x"}), types.RemoteMCPServerConfig)

    def test_every_reference_is_a_type(self) -> None:
        self.assertEqual(typing.get_type_hints(types.TurnEndedData)["usage"], types.Usage | None)
        self.assertEqual(typing.get_type_hints(types.AgentInfo)["server_status"], types.ServerStatus | None)

    def test_is_up_to_date(self) -> None:
        script = Path(__file__).parent.parent / "scripts" / "generate.py"
        run = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
        self.assertEqual(run.stdout + run.stderr, "")


if __name__ == "__main__":
    unittest.main()
