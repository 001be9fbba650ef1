import { BrokenError, SandboxAgentError } from "./errors.js";
import { Scope } from "./scope.js";
import type { Params, Transport } from "./transport.js";
import type { SessionInfo, UniversalEvent } from "./types.js";

/** StreamSettings are what all streams of a client have in common. */
export interface StreamSettings {
  transport: Transport;
  /** For how long a broken stream tries to come back, in milliseconds. */
  reconnectTimeoutMs: number;
  /** Is aborted when the client is disposed. */
  over: AbortSignal;
}

/**
 * followSession gives a session's events after an offset, each once and in
 * order, over however many connections that takes. It ends with the session.
 */
export async function* followSession(
  settings: StreamSettings, sessionId: string, query: Params, signal?: AbortSignal,
): AsyncGenerator<UniversalEvent, void> {
  const patience = new Patience(settings, signal);
  let offset = typeof query["offset"] === "number" ? query["offset"] : 0;
  for (let endedWhole = false; ; ) {
    try {
      const stream = await settings.transport.open("sessions/subscribe", { ...query, sessionId, offset }, signal);
      patience.connected();
      endedWhole = false;
      for await (const event of stream as AsyncGenerator<UniversalEvent>) {
        patience.progressed();
        if (event.sequence <= offset) continue;
        offset = event.sequence;
        yield event;
        if (event.type === "session.ended") return;
      }
      endedWhole = true;
      throw new BrokenError("the stream of events ended, and the session hasn't");
    } catch (error) {
      // A stream whose session is deleted ends, and cannot be opened again.
      if (endedWhole && error instanceof SandboxAgentError && error.kind === "session_not_found") return;
      await patience.wait(error);
    }
  }
}

/**
 * followTurn sends a message and gives the events of its turn. A message that
 * carries an id is taken once, and sent again it is answered with the same
 * turn from its beginning: so a stream that broke comes back.
 */
export async function* followTurn(
  settings: StreamSettings, sessionId: string, message: Params, signal?: AbortSignal,
): AsyncGenerator<UniversalEvent, void> {
  const patience = new Patience(settings, signal);
  const params = { ...message, sessionId, clientMessageId: message["clientMessageId"] ?? newId() };
  let offset = 0;
  for (let last: UniversalEvent["type"] | undefined; ; ) {
    try {
      const stream = await settings.transport.open("sessions/sendMessageStream", params, signal);
      patience.connected();
      for await (const event of stream as AsyncGenerator<UniversalEvent>) {
        patience.progressed();
        if (event.sequence <= offset) continue;
        offset = event.sequence;
        last = event.type;
        yield event;
      }
      // Something on the way may have ended it, and made it look whole.
      if (last === "turn.ended") return;
      if (message["until"] !== "turn" && (last === "permission.requested" || last === "question.requested")) return;
      throw new BrokenError("the stream of a turn ended, and the turn hasn't");
    } catch (error) {
      await patience.wait(error);
    }
  }
}

/** watchSessions gives the summaries of all sessions as they change. */
export async function* watchSessions(settings: StreamSettings, signal?: AbortSignal): AsyncGenerator<SessionInfo, void> {
  const patience = new Patience(settings, signal);
  for (;;) {
    try {
      const stream = await settings.transport.open("sessions/subscribe", {}, signal);
      patience.connected();
      for await (const session of stream as AsyncGenerator<SessionInfo>) {
        patience.progressed();
        yield session;
      }
      throw new BrokenError("the stream of sessions ended");
    } catch (error) {
      await patience.wait(error);
    }
  }
}

const firstPauseMs = 100;
const longestPauseMs = 5000;

/**
 * Patience decides whether a stream is tried again. It gives a connection that
 * never was no second chance, so that a wrong address is told at once.
 */
class Patience {
  readonly #limitMs: number;
  readonly #over: AbortSignal;
  readonly #signal: AbortSignal | undefined;
  #everConnected = false;
  #failures = 0; // since something last came
  #since = 0;

  constructor({ reconnectTimeoutMs, over }: StreamSettings, signal?: AbortSignal) {
    this.#limitMs = reconnectTimeoutMs;
    this.#over = over;
    this.#signal = signal;
  }

  connected(): void {
    this.#everConnected = true;
  }

  progressed(): void {
    this.#failures = 0;
  }

  /** wait throws what can't be mended, and waits a while before the next try. */
  async wait(error: unknown): Promise<void> {
    this.#signal?.throwIfAborted();
    if (!(error instanceof BrokenError) || !this.#everConnected) throw error;
    if (this.#failures === 0) this.#since = Date.now();
    else if (Date.now() - this.#since >= this.#limitMs) throw error;
    if (this.#failures > 0) await pause(Math.min(firstPauseMs * 2 ** (this.#failures - 1), longestPauseMs), this.#over, this.#signal);
    this.#failures++;
  }
}

/** pause waits, unless a signal is aborted. */
async function pause(ms: number, ...signals: (AbortSignal | undefined)[]): Promise<void> {
  const scope = new Scope(...signals);
  try {
    scope.signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      scope.signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(scope.signal.reason);
      });
    });
  } finally {
    scope.leave();
  }
}

/** newId is an id that nobody else makes. Pages without TLS have no randomUUID. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
