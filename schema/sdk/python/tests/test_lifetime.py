"""A bridge ends with the process that started it, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import unittest

from sandbox_agent import SandboxAgent, SandboxAgentError

PROGRAM = """
import sys, time
from sandbox_agent import SandboxAgent
client = SandboxAgent.start(transport={transport!r}, log="silent")
client.create_session("s", agent="mock")
print(client._client._transport.{where}, flush=True)
{then}
"""
ASYNC_PROGRAM = """
import asyncio
from sandbox_agent import AsyncSandboxAgent

async def main():
    client = await AsyncSandboxAgent.start(transport={transport!r}, log="silent")
    await client.create_session("s", agent="mock")
    await anext(client.stream_events("s"))

asyncio.run(main())
"""
WHERE = {"http": "_base", "stdio": "_process.pid"}


class Lifetime(unittest.TestCase):
    def run_program(self, transport: str, then: str) -> tuple[subprocess.Popen[str], str]:
        source = PROGRAM.format(transport=transport, where=WHERE[transport], then=then)
        process = subprocess.Popen(
            [sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
        self.addCleanup(process.kill)
        assert process.stdout
        self.addCleanup(process.stdout.close)
        return process, process.stdout.readline().strip()

    def until_refused(self, url: str) -> None:
        with SandboxAgent.connect(url) as client:
            while True:
                try:
                    client.health()
                except SandboxAgentError:
                    return
                time.sleep(0.02)

    def test_a_process_that_exits_without_closing(self) -> None:
        for transport in WHERE:
            process, where = self.run_program(transport, "sys.exit(3)")
            self.assertEqual(process.wait(), 3)
            if transport == "http":
                self.until_refused(where)

    def test_a_process_that_is_killed(self) -> None:
        process, url = self.run_program("http", "time.sleep(600)")
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.until_refused(url)

    def test_a_stream_that_is_never_given_up(self) -> None:
        for transport in WHERE:
            process, _ = self.run_program(transport, "events = client.stream_events('s'); next(events)")
            self.assertEqual(process.wait(), 0)

    def test_asyncio_without_closing(self) -> None:
        for transport in WHERE:
            source = ASYNC_PROGRAM.format(transport=transport)
            subprocess.run([sys.executable, "-c", source], check=True, stderr=subprocess.DEVNULL)

    def test_ctrl_c_in_a_stream(self) -> None:
        then = """
try:
    for event in client.stream_turn("s", "wait"):
        if event.type == "turn.started":
            print("reading", flush=True)
except KeyboardInterrupt:
    client.interrupt_session("s")
    print([event.type for event in client.stream_turn("s", "echo on we go")][-1])
client.close()
"""
        for transport in WHERE:
            process, _ = self.run_program(transport, then)
            assert process.stdout
            self.assertEqual(process.stdout.readline(), "reading\n")
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
            self.assertEqual(process.stdout.read(), "turn.ended\n")
            self.assertEqual(process.wait(), 0)

    def test_a_process_that_closes(self) -> None:
        for transport in WHERE:
            process, _ = self.run_program(transport, "client.close()")
            self.assertEqual(process.wait(), 0)


if __name__ == "__main__":
    unittest.main()
