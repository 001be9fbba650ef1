"""Whole sessions with the real program and the mock agent, over both transports."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import tarfile
import tempfile
import threading
import unittest
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest import mock

from sandbox_agent import AsyncSandboxAgent, SandboxAgent, SandboxAgentError, types
from sandbox_agent._spawn import SpawnedServer
from support import Mute, Proxy, over_both, started, until


async def drain(events: AsyncIterator[object]) -> None:
    async for _ in events:
        pass


class Sessions(unittest.IsolatedAsyncioTestCase):
    @over_both
    async def test_whole_session(self, client: AsyncSandboxAgent) -> None:
        self.assertEqual((await client.health()).status, "ok")
        created = await client.create_session("demo", agent="mock", agent_mode="default", permission_mode="plan")
        self.assertTrue(created.healthy)
        texts = []
        async for event in client.stream_turn("demo", "hello there"):
            if event.type == "item.completed" and event.data.item.role == "assistant":
                texts += [part.text for part in event.data.item.content if part.type == "text"]
        self.assertEqual(texts, ["hello there"])
        sequences = [event.sequence for event in (await client.get_events("demo")).events]
        self.assertEqual(sequences, list(range(1, len(sequences) + 1)))
        await client.update_session("demo", title="a title")
        session = await client.get_session("demo")
        self.assertEqual((session.title, session.status), ("a title", "idle"))
        self.assertEqual([s.session_id for s in (await client.list_sessions()).sessions], ["demo"])
        await client.terminate_session("demo")
        last = [event async for event in until(client, "demo", "session.ended")][-1]
        self.assertEqual(last.data.reason, "terminated")
        await client.delete_session("demo")

    @over_both
    async def test_permission_and_question(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        resolved = []
        async for event in client.stream_turn("s", "permission", until="turn"):
            if event.type == "permission.requested":
                self.assertTrue(event.data.options)
                await client.reply_permission("s", event.data.permission_id, "once")
            elif event.type == "permission.resolved":
                resolved.append(event.data.status)
        self.assertEqual(set(resolved), {"accept"})
        async for event in client.stream_turn("s", "question"):
            pass  # it stops where a person is needed
        self.assertEqual(event.type, "question.requested")
        waiting = (await client.get_session("s")).pending_questions
        assert waiting
        for request in waiting:
            answers = [[question.options[0].label if question.options else "free text"] for question in request.questions or []]
            await client.reply_question("s", request.question_id, answers or [["Yes"]])
        follow = until(client, "s", "turn.ended", offset=event.sequence)
        self.assertEqual([e async for e in follow][-1].data.stop_reason, "end_turn")

    @over_both
    async def test_a_message_that_joins_a_turn_that_waits(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        async for event in client.stream_turn("s", "gate ls"):
            pass
        self.assertEqual(event.type, "permission.requested")
        joined = [each async for each in client.stream_turn("s", "hello", on_busy="steer")]
        self.assertTrue(all(each.turn_id == event.turn_id for each in joined))
        self.assertNotIn("turn.ended", [each.type for each in joined])
        self.assertEqual((await client.get_session("s")).status, "waiting")

    @over_both
    async def test_interrupt(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        sent = await client.post_message("s", "wait")
        await client.interrupt_session("s", turn_id=sent.turn_id)
        events = [event async for event in until(client, "s", "turn.ended")]
        self.assertEqual(events[-1].data.stop_reason, "interrupted")

    @over_both
    async def test_resume(self, client: AsyncSandboxAgent) -> None:
        first = await client.create_session("first", agent="mock")
        async for _ in client.stream_turn("first", "hello"):
            pass
        await client.terminate_session("first")
        again = await client.create_session("second", agent="mock", resume=first.native_session_id)
        self.assertEqual(again.native_session_id, first.native_session_id)

    @over_both
    async def test_flood_to_a_slow_reader(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        events = client.stream_events("s")
        await anext(events)
        async for _ in client.stream_turn("s", "flood 12000 20"):
            pass
        sequence = 1
        async for event in events:
            self.assertEqual(event.sequence, sequence + 1)
            sequence = event.sequence
            if event.type == "turn.ended":
                break
        self.assertGreater(sequence, 12000)

    @over_both
    async def test_watch(self, client: AsyncSandboxAgent) -> None:
        changes = client.watch_sessions()
        first = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        for number in range(1000):  # a watcher sees what changes after it has begun
            await client.create_session(f"s{number}", agent="mock")
            if first.done():
                break
        self.assertTrue((await first).session_id.startswith("s"))

    @over_both
    async def test_files(self, client: AsyncSandboxAgent) -> None:
        with tempfile.TemporaryDirectory() as directory:
            await client.create_session("s", agent="mock", directory=directory)
            content = bytes(range(256)) * 100
            written = await client.write_fs_file("a/b", content, session_id="s")
            self.assertEqual(written.bytes_written, len(content))
            self.assertEqual(await client.read_fs_file("a/b", session_id="s"), content)
            for offset, length in ((0, 10), (3, None), (25590, 99), (25600, None), (99999, 1), (5, 0)):
                piece = await client.read_fs_file("a/b", offset=offset, length=length, session_id="s")
                self.assertEqual(piece, content[offset:][:length])
            with self.assertRaises(SandboxAgentError):
                await client.read_fs_file("a/b", offset=-1, session_id="s")
            await client.mkdir_fs("d", session_id="s")
            await client.move_fs("a/b", "d/c", session_id="s")
            self.assertEqual((await client.stat_fs("d/c", session_id="s")).entry_type, "file")
            archive = io.BytesIO()
            with tarfile.open(fileobj=archive, mode="w:gz") as tar:
                info = tarfile.TarInfo("x")
                info.size = 1
                tar.addfile(info, io.BytesIO(b"X"))
            uploaded = await client.upload_fs_batch(archive.getvalue(), path="up", session_id="s")
            self.assertEqual([Path(path).name for path in uploaded.paths], ["x"])
            await client.delete_fs_entry("a", session_id="s")
            names = [entry.name for entry in await client.list_fs_entries(session_id="s")]
            self.assertEqual(names, ["d", "up"])

    @over_both
    async def test_errors(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        for kind, call in (
            ("session_not_found", client.get_session("none")),
            ("session_already_exists", client.create_session("s", agent="mock")),
            ("unsupported_agent", client.create_session(agent="none")),
            ("mode_not_supported", client.create_session(agent="mock", agent_mode="odd")),
            ("invalid_request", client.reply_permission("s", "none", "once")),
            ("invalid_request", client.read_fs_file("../x", session_id="s")),
        ):
            with self.assertRaises(SandboxAgentError) as caught:
                await call
            self.assertEqual(caught.exception.kind, kind)
            self.assertTrue(str(caught.exception))
            self.assertTrue(caught.exception.problem)
        with self.assertRaises(SandboxAgentError) as caught:
            async for _ in client.stream_events("none"):
                pass
        self.assertEqual(caught.exception.kind, "session_not_found")
        with self.assertRaisesRegex(SandboxAgentError, "watch_sessions is about all sessions"):
            await anext(client.stream_events(""))
        await client.close()
        with self.assertRaises(SandboxAgentError) as caught:
            await client.health()
        self.assertEqual((caught.exception.kind, caught.exception.problem), ("invalid_request", None))

    @over_both
    async def test_a_message_that_is_too_large(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        with self.assertRaises(SandboxAgentError) as caught:
            await client.post_message("s", "x" * (65 << 20))
        self.assertEqual(caught.exception.kind, "payload_too_large")
        self.assertIn(str(64 << 20), str(caught.exception))
        self.assertEqual((await client.get_session("s")).status, "idle")

    @over_both
    async def test_deleted_while_it_is_read(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        events = client.stream_events("s")
        await anext(events)
        await client.delete_session("s")
        async for _ in events:
            pass  # it ends

    @over_both
    async def test_ended_while_it_is_read(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        await client.terminate_session("s")
        seen = [event.type async for event in client.stream_events("s")]
        self.assertEqual((seen[0], seen[-1]), ("session.started", "session.ended"))

    @over_both
    async def test_killed_while_it_is_read(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        events = client.stream_events("s")
        await anext(events)
        transport: Any = client._transport
        bridge = transport._server if isinstance(transport, SpawnedServer) else transport._process
        bridge.kill()
        for call in (drain(events), client.health(), drain(client.stream_turn("s", "x"))):
            with self.assertRaisesRegex(SandboxAgentError, r"ended \(exit code -9\)") as caught:
                await call  # at once: a bridge of our own doesn't come back
            self.assertEqual(caught.exception.kind, "stream_error")

    @over_both
    async def test_usage_is_typed(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        async for event in client.stream_turn("s", "hello", until="turn"):
            pass
        assert event.type == "turn.ended"
        self.assertIsInstance(event.data.usage, types.Usage)

    @over_both
    async def test_events_larger_than_what_is_kept(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        events = client.stream_events("s")
        await anext(events)
        for size in (3, 4, 5):  # together more than waits for a reader
            async for _ in client.stream_turn("s", "x" * (size << 20)):
                pass
        sizes = []
        async for event in events:
            if event.type == "item.completed" and event.data.item.role == "assistant":
                sizes += [len(part.text) >> 20 for part in event.data.item.content if part.type == "text"]
            if event.type == "turn.ended" and len(sizes) == 3:
                break
        self.assertEqual(sizes, [3, 4, 5])

    @over_both
    async def test_a_stream_that_is_given_up_before_it_begins(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        for _ in range(20):
            first = asyncio.ensure_future(anext(client.stream_events("s")))
            await asyncio.sleep(0)
            first.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await first
        self.assertEqual((await client.health()).status, "ok")

    @over_both
    async def test_unknown_things_are_kept(self, client: AsyncSandboxAgent) -> None:
        await client.create_session("s", agent="mock")
        event = await anext(client.stream_events("s"))
        self.assertEqual((event.type, event.extra), ("session.started", {}))


class Connections(unittest.IsolatedAsyncioTestCase):
    async def test_cut_connections_lose_nothing(self) -> None:
        async with started("http") as server:
            transport = server._transport
            async with Proxy(transport._base) as proxy:  # type: ignore[attr-defined]
                token = transport._headers["Authorization"].removeprefix("Bearer ")  # type: ignore[attr-defined]
                async with AsyncSandboxAgent.connect(proxy.url, token=token) as client:
                    await client.create_session("s", agent="mock")
                    proxy.allow = 60_000  # the largest event passes
                    seen = [e.sequence async for e in client.stream_turn("s", "flood 2000 10", until="turn")]
                    self.assertEqual(seen, list(range(seen[0], seen[0] + len(seen))))
                    self.assertGreater(len(seen), 2000)
                    before = proxy.connections
                    self.assertGreater(before, 5)
                    everything = [e.sequence async for e in until(client, "s", "turn.ended")]
                    self.assertEqual(everything, list(range(1, len(everything) + 1)))
                    self.assertGreater(proxy.connections, before + 5)

    async def test_a_stream_that_nothing_serves_is_an_error_at_once(self) -> None:
        async with AsyncSandboxAgent.connect("http://127.0.0.1:1") as client:
            for stream in (client.stream_events("s"), client.watch_sessions(), client.stream_turn("s", "hello")):
                with self.assertRaises(SandboxAgentError) as caught:
                    await anext(stream)
                self.assertEqual(caught.exception.kind, "stream_error")

    async def test_a_server_that_stays_away(self) -> None:
        async with started("http") as server:
            transport = server._transport
            async with Proxy(transport._base) as proxy:  # type: ignore[attr-defined]
                token = transport._headers["Authorization"].removeprefix("Bearer ")  # type: ignore[attr-defined]
                client = AsyncSandboxAgent.connect(proxy.url, token=token, reconnect_timeout=0.2)
                await client.create_session("s", agent="mock")
                events = client.stream_events("s")
                await anext(events)
            with self.assertRaises(SandboxAgentError) as caught:
                async for _ in events:  # what had already come
                    pass
            self.assertEqual(caught.exception.kind, "stream_error")
            await client.close()

    async def test_streams_of_others(self) -> None:
        """Those that end too early, and look whole, go on; what is no event is an error; so is silence."""
        event = {"session_id": "s", "native_session_id": None, "event_id": "e", "time": "", "raw": None, "turn_id": "turn_1"}
        event |= {"source": "agent", "synthetic": False, "type": "turn.started", "data": {"phase": "started", "origin": "user"}}
        ended = {**event, "type": "turn.ended", "data": {"phase": "ended", "stop_reason": "end_turn"}}
        bodies: dict[str, list[str]] = {
            "messages": [json.dumps({**event, "sequence": 2})],
            "events": [json.dumps({**event, "sequence": 2}), json.dumps({**ended, "sequence": 3})],
        }

        asked: list[str] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode().split("/")
            if path[3:] == ["s"]:
                asked.append("session")
                if len(asked) > 1:  # the first connection breaks
                    writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"turnId":"turn_1"}')
                return writer.close()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTurn-Id: turn_1\r\nEvent-Sequence: 1\r\n\r\n")
            if path[3] == "silent":
                await writer.drain()
                await reader.read()
            elif path[3] == "strange":
                writer.write(b"data: {bad\n\n")
            else:
                writer.write(f"data: {bodies[path[4]].pop(0)}\n\n".encode())
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with AsyncSandboxAgent.connect(url, reconnect_timeout=0) as client:
                self.assertEqual([e.type async for e in client.stream_turn("s", "x")], ["turn.started", "turn.ended"])
                self.assertEqual(bodies, {"messages": [], "events": []})
                self.assertEqual(len(asked), 2)  # whether the turn waits for a person
                for name, silence, text in (("strange", 60.0, "no sandbox-agent server"), ("silent", 0.1, "nothing came for 0.1 s")):
                    with mock.patch("sandbox_agent._http_transport._SILENCE", silence):
                        with self.assertRaises(SandboxAgentError) as caught:
                            async for _ in client.stream_events(name):
                                pass
                    self.assertEqual(caught.exception.kind, "stream_error")
                    self.assertIn(text, str(caught.exception))

    async def test_a_turn_that_is_followed_to_its_end(self) -> None:
        """Its stream may look whole where a person is asked."""
        turn = ["turn.started", "permission.requested", "permission.resolved", "turn.ended"]
        frames = [f"data: {json.dumps({'sequence': n, 'type': kind, 'turn_id': 't'})}\n\n" for n, kind in enumerate(turn, 2)]

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            first = b"/messages/" in await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTurn-Id: t\r\nEvent-Sequence: 1\r\n\r\n")
            writer.write("".join(frames[:2] if first else frames[2:]).encode())
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with AsyncSandboxAgent.connect(url) as client:
                for until, want in (("turn", turn), ("input", turn[:2])):
                    events = client._transport.turn("s", {"message": "x"}, until, False)
                    self.assertEqual([event["type"] async for event in events], want)

    async def test_a_turn_that_is_cut_behind_what_it_asks(self) -> None:
        pending = json.dumps({"turnId": "t", "pendingPermissions": [{"permission_id": "p"}]})
        asked = {"sequence": 2, "type": "permission.requested", "turn_id": "t", "data": {"permission_id": "p"}}

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            first = b"/messages/" in await reader.readuntil(b"\r\n\r\n")
            kind, body = ("text/event-stream", f"data: {json.dumps(asked)}\n\ndata: {{") if first else ("application/json", pending)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n" + ("Turn-Id: t\r\nEvent-Sequence: 1\r\n" if first else "")
            writer.write(f"{head}\r\n{body}".encode())
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with AsyncSandboxAgent.connect(url) as client:
                events = client._transport.turn("s", {"message": "x"}, "input", False)
                self.assertEqual([event async for event in events], [asked])

    async def test_closing_ends_what_is_under_way(self) -> None:
        async with Mute() as server:
            client = AsyncSandboxAgent.connect(server.url)
            waiting = [
                asyncio.ensure_future(each)
                for each in (client.health(), client.read_fs_file("x"), anext(client.stream_events("s")), anext(client.stream_turn("s", "x")))
            ]
            await server.asked(len(waiting))
            await client.close()
            for each in waiting:
                with self.assertRaisesRegex(SandboxAgentError, "closed") as caught:
                    await each
                self.assertEqual(caught.exception.kind, "invalid_request")

    async def test_closing_ends_the_wait_for_a_server(self) -> None:
        async with started("http") as server, Proxy(server._transport._base) as proxy:  # type: ignore[attr-defined]
            token = server._transport._headers["Authorization"].removeprefix("Bearer ")  # type: ignore[attr-defined]
            client = AsyncSandboxAgent.connect(proxy.url, token=token)
            await client.create_session("s", agent="mock")
            events = client.stream_events("s")
            await anext(events)
            paused = asyncio.Event()

            async def pause(_: float) -> None:
                paused.set()
                await asyncio.Event().wait()  # it never ends of itself

            with mock.patch("sandbox_agent._http_transport.asyncio.sleep", pause):
                await proxy.__aexit__()
                rest = asyncio.ensure_future(drain(events))
                await paused.wait()
            await client.close()
            with self.assertRaisesRegex(SandboxAgentError, "closed"):
                await rest

    async def test_addresses_that_are_none(self) -> None:
        for url in ("localhost:2468", "http://", "http://localhost:99999", None):
            with self.assertRaises(SandboxAgentError) as caught:
                AsyncSandboxAgent.connect(url)  # type: ignore[arg-type]
            self.assertEqual(caught.exception.kind, "invalid_request")
        async with started("http") as server:
            base = server._transport._base  # type: ignore[attr-defined]
            async with AsyncSandboxAgent.connect(base, token="two\nlines") as client:
                with self.assertRaises(SandboxAgentError) as caught:
                    await client.list_agents()
                self.assertEqual(caught.exception.kind, "invalid_request")

    async def test_what_keeps_answers_away(self) -> None:
        async def stranger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\n<html>")
            writer.close()

        async with started("http") as server, await asyncio.start_server(stranger, "127.0.0.1", 0) as other:
            base = server._transport._base  # type: ignore[attr-defined]
            elsewhere = f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}"
            for url, token, kind, text in (
                (base, "wrong", "token_invalid", "token"),
                (base, None, "token_invalid", "token"),
                (elsewhere, None, "stream_error", "no sandbox-agent server"),
                ("http://127.0.0.1:1", None, "stream_error", "is sandbox-agent server running there?"),
            ):
                async with AsyncSandboxAgent.connect(url, token=token) as client:
                    with self.assertRaises(SandboxAgentError) as caught:
                        await client.list_agents()
                    self.assertEqual(caught.exception.kind, kind)
                    self.assertIn(text, str(caught.exception))

    async def test_a_port_that_another_server_has(self) -> None:
        async with await AsyncSandboxAgent.start(log="silent", args=["--no-token"]) as other:
            port = int(other._transport._base.rpartition(":")[2])  # type: ignore[attr-defined]
            for wrong, kind, text in ((port, "stream_error", "already in use"), (99999, "invalid_request", "port is 99999")):
                with self.assertRaisesRegex(SandboxAgentError, text) as caught:
                    await AsyncSandboxAgent.start(port=wrong, log="silent")
                self.assertEqual(caught.exception.kind, kind)

    async def test_programs_that_cannot_be_used(self) -> None:
        with self.assertRaises(SandboxAgentError) as caught:
            await AsyncSandboxAgent.start(binary="/no/such/program")
        self.assertEqual(caught.exception.kind, "not_found")
        with tempfile.TemporaryDirectory() as directory:
            program = Path(directory, "other")
            answer = {"id": 1, "result": {"protocolVersion": "99", "serverInfo": {"name": "another"}}}
            program.write_text(f"#!/bin/sh\nread line\necho '{json.dumps(answer)}'\ncat >/dev/null\n")
            program.chmod(0o755)
            with self.assertRaises(SandboxAgentError) as caught:
                await AsyncSandboxAgent.start(binary=str(program), transport="stdio")
            self.assertEqual(caught.exception.kind, "stream_error")
            self.assertIn("is no sandbox-agent", str(caught.exception))
            program.write_text(program.read_text().replace("another", "sandbox-agent"))
            with self.assertRaises(SandboxAgentError) as caught:
                await AsyncSandboxAgent.start(binary=str(program), transport="stdio")
            self.assertEqual(caught.exception.kind, "not_supported")
            self.assertIn("version 99", str(caught.exception))
            program.write_text("#!/bin/sh\nexit 3\n")
            for transport in ("http", "stdio"):
                with self.assertRaises(SandboxAgentError) as caught:
                    await AsyncSandboxAgent.start(binary=str(program), transport=transport)  # type: ignore[arg-type]
                self.assertEqual(caught.exception.kind, "stream_error")
                self.assertIn("exit code 3", str(caught.exception))


class Sync(unittest.TestCase):
    def test_whole_session(self) -> None:
        for transport in ("http", "stdio"):
            with self.subTest(transport=transport), SandboxAgent.start(transport=transport, log="silent") as client:  # type: ignore[arg-type]
                client.create_session("demo", agent="mock")
                kinds = [event.type for event in client.stream_turn("demo", "hello")]
                self.assertEqual((kinds[0], kinds[-1]), ("turn.started", "turn.ended"))
                for event in client.stream_events("demo"):
                    if event.type == "turn.ended":
                        break  # and the stream is given up
                self.assertIsInstance(event, types.TurnEndedEvent)
                with self.assertRaises(SandboxAgentError):
                    client.get_session("none")
        with self.assertRaises(SandboxAgentError):
            client.health()

    def test_closing_ends_the_calls_of_other_threads(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            client = SandboxAgent.connect(f"http://127.0.0.1:{server.getsockname()[1]}")
            caught: list[BaseException] = []

            def call() -> None:
                try:
                    client.health()
                except BaseException as error:
                    caught.append(error)

            thread = threading.Thread(target=call)
            thread.start()
            with server.accept()[0]:
                client.close()
                thread.join()
        self.assertIsInstance(caught[0], SandboxAgentError)
        self.assertEqual(caught[0].kind, "invalid_request")  # type: ignore[attr-defined]


if __name__ == "__main__":
    unittest.main()
