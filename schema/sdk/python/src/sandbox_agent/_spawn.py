"""Finding and starting the program."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Mapping
from typing import Any

from ._errors import SandboxAgentError
from ._http_transport import HttpTransport

_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.1


def find_binary(binary: str | None) -> str:
    """Finds the program: where it is said, where ``SANDBOX_AGENT_BIN`` says, in the PATH."""
    for path, source in ((binary, "binary"), (os.environ.get("SANDBOX_AGENT_BIN"), "SANDBOX_AGENT_BIN")):
        if path:
            if os.path.isfile(path):
                return path
            raise SandboxAgentError("not_found", f"{source} is {path!r}, and there is no such file")
    found = shutil.which("sandbox-agent")
    if not found:
        raise SandboxAgentError(
            "not_found", "sandbox-agent is not in the PATH; install it, pass binary, or set SANDBOX_AGENT_BIN"
        )
    return found


class SpawnedServer(HttpTransport):
    """A server that this process started, and ends."""

    def __init__(self, process: subprocess.Popen[bytes], base_url: str, token: str) -> None:
        super().__init__(base_url, token, None, None)
        self._server = process

    @classmethod
    async def spawn(
        cls,
        binary: str,
        *,
        host: str,
        port: int | None,
        token: str | None,
        timeout: float,
        log: str,
        env: Mapping[str, str] | None,
    ) -> SpawnedServer:
        """Starts a server and waits until it answers."""
        port = port or _free_port(host)
        token = token or secrets.token_hex(24)
        streams: dict[str, Any] = {"inherit": {}, "silent": {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}}[log]
        try:
            process = subprocess.Popen(
                [binary, "server", "--host", host, "--port", str(port)],
                stdin=subprocess.DEVNULL,
                # The token is not on the command line, which everybody can read.
                env={**os.environ, **(env or {}), "SANDBOX_AGENT_TOKEN": token},
                **streams,
            )
        except OSError as cause:
            raise SandboxAgentError("not_found", f"{binary} can't be started: {cause}") from cause
        reached = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        server = cls(process, f"http://{f'[{reached}]' if ':' in reached else reached}:{port}", token)
        try:
            await asyncio.wait_for(server._await_health(binary), timeout)
        except asyncio.TimeoutError as cause:
            await server.close()
            raise SandboxAgentError("timeout", f"{binary} did not answer within {timeout} s") from cause
        except BaseException:
            await server.close()
            raise
        return server

    async def _await_health(self, binary: str) -> None:
        while True:
            code = self._server.poll()
            if code is not None:
                raise SandboxAgentError("stream_error", f"{binary} server ended at once (exit code {code}); its log is on stderr")
            try:
                await self.call("health", {})
                return
            except SandboxAgentError as error:
                if error.kind != "stream_error":
                    raise
            await asyncio.sleep(_POLL_SECONDS)

    async def close(self) -> None:
        await super().close()
        for end, wait in ((self._server.terminate, _STOP_SECONDS), (self._server.kill, None)):
            end()
            try:
                await asyncio.to_thread(self._server.wait, wait)
                return
            except subprocess.TimeoutExpired:
                continue


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
