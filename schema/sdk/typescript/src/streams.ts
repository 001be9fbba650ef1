import { BrokenError, SandboxAgentError } from "./errors.js";
import { Scope } from "./signals.js";
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
      const { events } = await settings.transport.open("sessions/subscribe", { ...query, sessionId, offset }, signal);
      patience.connected();
      endedWhole = false;
      for await (const event of events as AsyncGenerator<UniversalEvent>) {
        if (event.sequence <= offset) continue;
        patience.progressed();
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
 * followTurn sends a message and gives the events of its turn. Where its own
 * stream breaks, the rest is found among the events of the session.
 */
export async function* followTurn(
  settings: StreamSettings, sessionId: string, message: Params, signal?: AbortSignal,
): AsyncGenerator<UniversalEvent, void> {
  const { transport } = settings;
  const patience = new Patience(settings, signal);
  const untilInput = message["until"] !== "turn";
  // With an id of its own, a message that is sent twice is taken once.
  const params = { ...message, sessionId, clientMessageId: message["clientMessageId"] ?? newId() };
  let turnId: string | null | undefined;
  let offset = 0;
  let last: UniversalEvent | undefined;
  for (let mayWait = false; ; ) {
    try {
      if (mayWait && (await needsPerson(transport, sessionId, turnId, last, signal))) return;
      const own = turnId === undefined;
      const { sent, events } = own
        ? await transport.open("sessions/sendMessageStream", params, signal)
        : await transport.open("sessions/subscribe", { sessionId, offset, includeRaw: message["includeRaw"] }, signal);
      patience.connected();
      turnId ??= sent.turnId;
      offset = Math.max(offset, sent.sequence ?? 0);
      for await (const event of events as AsyncGenerator<UniversalEvent>) {
        if (event.sequence <= offset) continue;
        patience.progressed();
        offset = event.sequence;
        turnId ??= event.turn_id; // pages of another origin may not see headers
        if (event.turn_id !== turnId) {
          if (event.type === "session.ended") return;
          continue;
        }
        last = event;
        mayWait = untilInput && requestId(event) !== undefined;
        yield event;
        if (event.type === "turn.ended") return;
        if (!own && mayWait && (await needsPerson(transport, sessionId, turnId, last, signal))) return;
      }
      // Something on the way may have ended it, and made it look whole.
      if (own && mayWait) return;
      mayWait = own && untilInput;
      throw new BrokenError("the stream of a turn ended, and the turn hasn't");
    } catch (error) {
      await patience.wait(error);
    }
  }
}

/** requestId is that of what an event asks a person, if it asks something. */
function requestId(event: UniversalEvent): string | undefined {
  if (event.type === "permission.requested") return event.data.permission_id;
  if (event.type === "question.requested") return event.data.question_id;
  return undefined;
}

/**
 * needsPerson tells whether a turn waits for a person: for the answer to what
 * its last event asks, some of which the bridge answers itself, or for what was
 * asked before the message joined the turn.
 */
async function needsPerson(
  transport: Transport, sessionId: string, turnId: string | null | undefined, last: UniversalEvent | undefined, signal?: AbortSignal,
): Promise<boolean> {
  const session = (await transport.call("sessions/get", { sessionId }, signal)) as SessionInfo;
  const pending = [
    ...(session.pendingPermissions ?? []).map((request) => request.permission_id),
    ...(session.pendingQuestions ?? []).map((request) => request.question_id),
  ];
  const asked = last && requestId(last);
  return asked === undefined ? session.turnId === turnId && pending.length > 0 : pending.includes(asked);
}

/** watchSessions gives the summaries of all sessions as they change. */
export async function* watchSessions(settings: StreamSettings, signal?: AbortSignal): AsyncGenerator<SessionInfo, void> {
  const patience = new Patience(settings, signal);
  for (;;) {
    try {
      const { events } = await settings.transport.open("sessions/subscribe", {}, signal);
      patience.connected();
      for await (const session of events as AsyncGenerator<SessionInfo>) {
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
