"""The same with the real Claude Code, which talks to a scripted model.

Run by the project's Go tests, which start that model; the program's environment
then names it.
"""

from __future__ import annotations

import os
import unittest

from sandbox_agent import AsyncSandboxAgent
from support import over_both, until


def prompt(scenario: str, params: str = "") -> str:
    """What makes the scripted model do something."""
    return f"SCENARIO:{scenario} {params}".strip()


@unittest.skipUnless("SANDBOX_AGENT_CLAUDE_PATH" in os.environ, "the Go tests run it, with a scripted model")
class RealClaude(unittest.IsolatedAsyncioTestCase):
    @over_both
    async def test_mission(self, client: AsyncSandboxAgent) -> None:
        directory = os.environ["PROJECT"]
        created = await client.create_session("first", agent="claude", directory=directory)
        texts = await self.said(client, "first", prompt("text"))
        self.assertTrue(texts)

        asked, output = 0, []
        async for event in client.stream_turn("first", prompt("bash", '{"command":"touch made && echo from python"}'), until="turn"):
            if event.type == "permission.requested":
                asked += 1
                await client.reply_permission("first", event.data.permission_id, "once")
            elif event.type == "item.completed":
                output += [part.output for part in event.data.item.content if part.type == "command"]
        self.assertEqual((asked, output), (1, ["from python"]))

        answered = []
        async for event in client.stream_turn("first", prompt("ask"), until="turn"):
            if event.type == "question.requested":
                answers = [[question.options[0].label] for question in event.data.questions]
                await client.reply_question("first", event.data.question_id, answers)
            elif event.type == "question.resolved":
                answered.append(event.data.status)
        self.assertEqual(answered, ["answered"])

        sent = await client.post_message("first", prompt("hang"))
        await client.interrupt_session("first", turn_id=sent.turn_id)
        ended = [event async for event in until(client, "first", "turn.ended", offset=sent.sequence)]
        self.assertEqual(ended[-1].data.stop_reason, "interrupted")

        native = created.native_session_id or (await client.get_session("first")).native_session_id
        await client.terminate_session("first")
        again = await client.create_session("second", agent="claude", directory=directory, resume=native)
        self.assertEqual(again.native_session_id, native)
        self.assertTrue(await self.said(client, "second", prompt("text")))

    async def said(self, client: AsyncSandboxAgent, session: str, message: str) -> list[str]:
        """All that the agent says in a turn."""
        texts = []
        async for event in client.stream_turn(session, message, until="turn"):
            if event.type == "item.completed" and event.data.item.role == "assistant":
                texts += [part.text for part in event.data.item.content if part.type == "text"]
        self.assertEqual(event.data.stop_reason, "end_turn")
        return texts


if __name__ == "__main__":
    unittest.main()
