import type { ErrorKind, Problem } from "./types.js";

/**
 * Everything that goes wrong: what the bridge answers with, and what keeps its
 * answers from coming. Switch on `kind`; `message` says what to do.
 */
export class SandboxAgentError extends Error {
  override readonly name: string = "SandboxAgentError";

  constructor(
    /** The kind of error, as the bridge names it. */
    readonly kind: ErrorKind,
    message: string,
    /** The HTTP status that belongs to the kind; 0 where nothing was answered. */
    readonly status: number,
    /** The bridge's own description, if it answered. */
    readonly problem?: Problem,
    /** The HTTP answer, if there was one. */
    readonly response?: Response,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/**
 * BrokenError is an error of the way to a bridge, which may come back: what is
 * a stream goes on over another connection.
 */
export class BrokenError extends SandboxAgentError {
  constructor(message: string, cause?: unknown, response?: Response) {
    super("stream_error", message, response?.status ?? 0, undefined, response, cause === undefined ? undefined : { cause });
  }
}

const prefix = "urn:sandbox-agent:error:";

/** isProblem tells whether an answer is the bridge's description of an error. */
export function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && value.type.startsWith(prefix);
}

/** problemError is the error that a bridge answered with. */
export function problemError(problem: Problem, response?: Response): SandboxAgentError {
  const kind = problem.type.slice(prefix.length) as ErrorKind;
  const hint = typeof problem.details?.["message"] === "string" ? `; ${problem.details["message"]}` : "";
  return new SandboxAgentError(kind, problem.detail + hint, problem.status ?? response?.status ?? 0, problem, response);
}

/** localError is an error that no bridge answered with. */
export function localError(kind: ErrorKind, message: string, cause?: unknown): SandboxAgentError {
  return new SandboxAgentError(kind, message, 0, undefined, undefined, cause === undefined ? undefined : { cause });
}

/** disposedError is for calls that come after dispose, or that it ends. */
export function disposedError(): SandboxAgentError {
  return localError("invalid_request", "this client was disposed; make a new one");
}
