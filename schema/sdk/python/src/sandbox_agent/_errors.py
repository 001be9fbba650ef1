"""Errors of the bridge, and of the way to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

_PREFIX = "urn:sandbox-agent:error:"

#: Where the log of a bridge goes.
Log = Literal["inherit", "silent"]


class SandboxAgentError(Exception):
    """Everything that goes wrong. Switch on ``kind``."""

    def __init__(self, kind: str, message: str, status: int = 0, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        #: The kind of error, as the bridge names it.
        self.kind = kind
        #: The HTTP status that belongs to the kind; 0 where nothing was answered.
        self.status = status
        #: The bridge's own description (RFC 7807), if it answered.
        self.problem = problem


def is_problem(value: object) -> bool:
    """Tells whether an answer is the bridge's description of an error."""
    return isinstance(value, dict) and str(value.get("type", "")).startswith(_PREFIX)


def problem_error(problem: Mapping[str, Any]) -> SandboxAgentError:
    """Makes the error that a bridge answered with."""
    message = str(problem.get("detail", ""))
    details = problem.get("details")
    if isinstance(details, dict) and isinstance(details.get("message"), str):
        message += "; " + details["message"]
    kind = str(problem["type"])[len(_PREFIX) :]
    return SandboxAgentError(kind, message, int(problem.get("status") or 0), problem)


def not_started(program: str, cause: OSError) -> SandboxAgentError:
    """Makes the error of a program that is there and can't be started."""
    return SandboxAgentError("internal", f"{program} can't be started: {cause}")


def ended(what: str, code: int, log: Log) -> SandboxAgentError:
    """Makes the error of a program that ended by itself."""
    where = "its log is on stderr" if log == "inherit" else "log='inherit' shows why"
    return SandboxAgentError("stream_error", f"{what} ended (exit code {code}); {where}")


def disposed() -> SandboxAgentError:
    """Makes the error of a call that comes after the end of its client."""
    return SandboxAgentError("invalid_request", "this client was closed; make a new one")
