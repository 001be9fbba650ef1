"""Finding and starting the program."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from ._errors import Log, SandboxAgentError, ended, not_started
from ._http_transport import BrokenError, HttpTransport

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
        self, process: subprocess.Popen[bytes], base_url: str, *, token: str, binary: str, log: Log, reconnect_timeout: float
    ) -> None:
        super().__init__(base_url, token=token, reconnect_timeout=reconnect_timeout)
        self._server = process
        self._binary = binary
        self._log: Log = log

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
        if port:
            _refuse_taken(host, port)
        else:
            port = _free_port(host)
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
                start_new_session=True,  # Ctrl-C is for this process, which may want to interrupt a turn and go on
                **streams,
            )
        except OSError as cause:
            raise not_started(binary, cause) from cause
        reached = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        base_url = f"http://{f'[{reached}]' if ':' in reached else reached}:{port}"
        server = cls(process, base_url, token=token, binary=binary, log=log, reconnect_timeout=reconnect_timeout)
        try:
            await asyncio.wait_for(server._await_health(), timeout)
        except asyncio.TimeoutError as cause:
            await server.close(gently=False)
            raise SandboxAgentError("timeout", f"{binary} did not answer within {timeout} s") from cause
        except BaseException:
            await server.close(gently=False)
            raise
        return server

    async def _await_health(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await self.call("health", {})
                return
            except BrokenError:
                pass  # it is not there yet
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _broken(self, cause: Exception) -> SandboxAgentError:
        code = self._server.poll()
        if code is None or self._closed:
            return super()._broken(cause)
        return ended(self._binary, code, self._log)  # and it doesn't come back

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


def _refuse_taken(host: str, port: int) -> None:
    """Fails where a port has its server already: that would answer in place of ours.

    What else is wrong with a port, our server says.
    """
    try:
        socket.create_server((host, port), family=_family(host)).close()
    except OSError as cause:
        if cause.errno == errno.EADDRINUSE:
            raise SandboxAgentError(
                "stream_error",
                f"{host} port {port} is already in use; leave port out to get a free one, or connect to the server that is there",
            ) from cause
    except OverflowError as cause:
        raise SandboxAgentError("invalid_request", f"port is {port}, which is none") from cause


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _free_port(host: str) -> int:
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
