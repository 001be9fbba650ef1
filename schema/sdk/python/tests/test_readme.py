"""The examples of the README, as they are written there."""

from __future__ import annotations

import contextlib
import io
import re
import unittest
from pathlib import Path

from sandbox_agent import SandboxAgent

README = Path(__file__).parent.parent / "README.md"
PROJECT = Path(__file__).parents[4] / "README.md"


class Readme(unittest.TestCase):
    def test_examples(self) -> None:
        examples = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
        self.assertEqual(len(examples), 2)
        # The project's own README shows the first of them.
        self.assertIn("```python\n" + examples[0], PROJECT.read_text())
        with SandboxAgent.start(log="silent") as server:
            transport = server._client._transport
            given = {"URL": transport._base, "TOKEN": transport._headers["Authorization"].removeprefix("Bearer ")}  # type: ignore[attr-defined]
            outputs = []
            for example in examples:
                with contextlib.redirect_stdout(io.StringIO()) as output:
                    exec(compile(example, str(README), "exec"), dict(given))
                outputs.append(output.getvalue())
        self.assertIn("hello.", outputs[0])
        self.assertTrue(outputs[0].endswith("\nend_turn\n"), outputs[0])
        self.assertIn("1 session.started\n", outputs[1])
        self.assertIn("session_not_found session not found: no such session", outputs[1])


if __name__ == "__main__":
    unittest.main()
