"""Finding and starting the program."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from ._errors import Log, SandboxAgentError, ended, not_started
from ._http_transport import HttpTransport

_STOP_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.2  # between two looks at a server that starts


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

    def __init__(
        self, process: subprocess.Popen[bytes], base_url: str, *, token: str, reconnect_timeout: float
    ) -> None:
        super().__init__(base_url, token=token, reconnect_timeout=reconnect_timeout)
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
        log: Log,
        env: Mapping[str, str] | None,
        cwd: str | None,
        args: Sequence[str],
        reconnect_timeout: float,
    ) -> SpawnedServer:
        """Starts a server and waits until it answers."""
        port = port or _free_port(host)
        token = token or secrets.token_hex(24)
        streams: dict[str, Any] = {"inherit": {}, "silent": {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}}[log]
        try:
            process = subprocess.Popen(
                # It ends with its input, which we hold: so it goes even if we are killed.
                [binary, "server", "--host", host, "--port", str(port), "--end-with-stdin", "--log-level", "warn", *args],
                stdin=subprocess.PIPE,
                # The token is not on the command line, which everybody can read.
                env={**os.environ, **(env or {}), "SANDBOX_AGENT_TOKEN": token},
                cwd=cwd,
                **streams,
            )
        except OSError as cause:
            raise not_started(binary, cause) from cause
        reached = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        base_url = f"http://{f'[{reached}]' if ':' in reached else reached}:{port}"
        server = cls(process, base_url, token=token, reconnect_timeout=reconnect_timeout)
        try:
            await asyncio.wait_for(server._await_health(binary, log), timeout)
        except asyncio.TimeoutError as cause:
            await server.close(gently=False)
            raise SandboxAgentError("timeout", f"{binary} did not answer within {timeout} s") from cause
        except BaseException:
            await server.close(gently=False)
            raise
        return server

    async def _await_health(self, binary: str, log: Log) -> None:
        pause = _FIRST_PAUSE
        while True:
            code = self._server.poll()
            if code is not None:
                raise ended(binary, code, log)
            try:
                await self.call("health", {})
                return
            except SandboxAgentError as error:
                if error.kind != "stream_error":
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def close(self, *, gently: bool = True) -> None:
        """Ends the server at the end of its input, and otherwise if it doesn't in time."""
        await super().close()
        assert self._server.stdin
        self._server.stdin.close()
        ends = ((None, _STOP_SECONDS), (self._server.terminate, _STOP_SECONDS), (self._server.kill, None))
        for end, wait in ends if gently else ends[1:]:
            if end:
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
