"""Drive coding agents through one interface.

:class:`AsyncSandboxAgent` is for asyncio, :class:`SandboxAgent` for programs
without it. Both start the program ``sandbox-agent``, or use a server that runs::

    with SandboxAgent.start() as client:
        client.create_session("demo", agent="claude", directory="/project")
        for event in client.stream_turn("demo", "Run the tests."):
            print(event.type)
"""

from . import types
from ._client import AsyncSandboxAgent
from ._errors import SandboxAgentError
from ._sync import SandboxAgent
from .types import Unknown

__all__ = ["AsyncSandboxAgent", "SandboxAgent", "SandboxAgentError", "Unknown", "types"]
