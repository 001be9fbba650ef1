import { disposedError, localError } from "./errors.js";
import { HttpTransport } from "./http.js";
import type { SandboxAgentStartOptions } from "./start.js";
import { followSession, followTurn, watchSessions, type StreamSettings } from "./streams.js";
import type { FileBody, Params, Transport } from "./transport.js";
import type * as api from "./types.js";

const defaultReconnectTimeoutMs = 60_000;

/** SandboxAgentConnectOptions say which server a client uses. */
export interface SandboxAgentConnectOptions {
  /** The server's address, such as http://127.0.0.1:2468. */
  baseUrl: string;
  /** What the server was told to let in. */
  token?: string | undefined;
  /** What makes the requests, instead of the platform's fetch. */
  fetch?: typeof fetch | undefined;
  /** Headers that go with every request. */
  headers?: Record<string, string> | undefined;
  /** For how long a broken stream tries to come back, in milliseconds; by default a minute. */
  reconnectTimeoutMs?: number | undefined;
}

/** In is what a method takes, without what is given in another place. */
type In<M extends keyof api.Methods, Elsewhere extends string = never> = Omit<api.Methods[M]["params"], Elsewhere>;
type Out<M extends keyof api.Methods> = api.Methods[M]["result"];

/** What call does not make, since it streams or carries files, and what makes it. */
const apart = {
  "sessions/subscribe": "streamEvents or watchSessions",
  "sessions/sendMessageStream": "streamTurn",
  "fs/read": "readFsFile",
  "fs/write": "writeFsFile",
  "fs/upload": "uploadFsBatch",
} as const;

/** CallableMethod is a method that is answered once, in JSON. */
export type CallableMethod = Exclude<keyof api.Methods, keyof typeof apart>;

/** StreamQuery chooses a session's events. */
export type StreamQuery = In<"sessions/subscribe", "sessionId">;
/** TurnQuery says how far a turn is followed, and with what. */
export type TurnQuery = Pick<api.SendStreamParams, "until" | "includeRaw">;
/** SessionRequest is what a session is made of. */
export type SessionRequest = In<"sessions/create", "sessionId">;
/** MessageRequest is what is said to an agent. */
export type MessageRequest = In<"sessions/sendMessage", "sessionId">;

/**
 * SandboxAgent is a client of a bridge: of one that it starts, or of a server
 * that runs somewhere. Every method of the bridge is there by a name of its
 * own, and those that are answered once also by call.
 *
 * What fails is a SandboxAgentError. A signal that is aborted ends a call or a
 * stream with the signal's reason, and never a turn of an agent: that is what
 * interruptSession is for.
 */
export class SandboxAgent {
  /** Where the bridge serves HTTP, if this client uses that. */
  readonly baseUrl: string | undefined;
  /** The token of the server. */
  readonly token: string | undefined;
  readonly #transport: Transport;
  readonly #streams: StreamSettings;
  readonly #over = new AbortController();
  #disposed: Promise<void> | undefined;

  private constructor(transport: Transport, options: { reconnectTimeoutMs?: number | undefined; baseUrl?: string | undefined; token?: string | undefined }) {
    this.#transport = transport;
    this.#streams = { transport, reconnectTimeoutMs: options.reconnectTimeoutMs ?? defaultReconnectTimeoutMs, over: this.#over.signal };
    this.baseUrl = options.baseUrl?.replace(/\/+$/, "");
    this.token = options.token;
  }

  /** connect makes a client of a server. No request is made yet. */
  static async connect(options: SandboxAgentConnectOptions): Promise<SandboxAgent> {
    return new SandboxAgent(new HttpTransport(options), options);
  }

  /** start starts a bridge, which ends with dispose, and with this process. Not in a browser. */
  static async start(options: SandboxAgentStartOptions = {}): Promise<SandboxAgent> {
    const { start } = await import("#spawn");
    const { transport, baseUrl, token } = await start(options);
    return new SandboxAgent(transport, { ...options, baseUrl, token });
  }

  /** dispose ends what is under way, and a bridge that was started with all its sessions. */
  dispose(): Promise<void> {
    this.#over.abort(disposedError());
    this.#disposed ??= this.#transport.dispose();
    return this.#disposed;
  }

  /** call makes any call that is answered once, by the names of the schema. Streams and files have methods of their own. */
  async call<M extends CallableMethod>(method: M, params: api.Methods[M]["params"], signal?: AbortSignal): Promise<Out<M>> {
    this.#check();
    const better = (apart as Record<string, string>)[method];
    if (better) throw localError("not_supported", `${method} can't be made by call; use ${better}`);
    return (await this.#transport.call(method, params as Params, signal)) as Out<M>;
  }

  getHealth(signal?: AbortSignal): Promise<api.HealthResult> {
    return this.call("health", {}, signal);
  }

  /** listAgents lists the agents, installed or not, and what they can do. */
  listAgents(signal?: AbortSignal): Promise<api.AgentsResult> {
    return this.call("agents/list", {}, signal);
  }

  /** installAgent is answered when the agent can be used. */
  async installAgent(agent: string, request: In<"agents/install", "agent"> = {}, signal?: AbortSignal): Promise<void> {
    await this.call("agents/install", { ...request, agent }, signal);
  }

  getAgentModes(agent: string, signal?: AbortSignal): Promise<api.ModesResult> {
    return this.call("agents/modes", { agent }, signal);
  }

  getAgentModels(agent: string, signal?: AbortSignal): Promise<api.ModelsResult> {
    return this.call("agents/models", { agent }, signal);
  }

  /** createSession makes a session, and an id for it where none is given. */
  createSession(sessionId: string, request: SessionRequest, signal?: AbortSignal): Promise<api.CreateResult>;
  createSession(request: SessionRequest, signal?: AbortSignal): Promise<api.CreateResult>;
  createSession(first: string | SessionRequest, second?: SessionRequest | AbortSignal, third?: AbortSignal): Promise<api.CreateResult> {
    if (typeof first === "string") return this.call("sessions/create", { ...(second as SessionRequest), sessionId: first }, third);
    return this.call("sessions/create", first, second as AbortSignal | undefined);
  }

  /** listSessions lists sessions, the newest first. */
  listSessions(query: In<"sessions/list"> = {}, signal?: AbortSignal): Promise<api.SessionsResult> {
    return this.call("sessions/list", query, signal);
  }

  /** getSession describes a session, with all that waits for a person. */
  getSession(sessionId: string, signal?: AbortSignal): Promise<api.SessionInfo> {
    return this.call("sessions/get", { sessionId }, signal);
  }

  /** updateSession changes model, variant, modes or title. */
  async updateSession(sessionId: string, request: In<"sessions/update", "sessionId">, signal?: AbortSignal): Promise<void> {
    await this.call("sessions/update", { ...request, sessionId }, signal);
  }

  /** postMessage is answered when the message is accepted, never at the end of its turn. */
  postMessage(sessionId: string, request: MessageRequest, signal?: AbortSignal): Promise<api.SendResult> {
    return this.call("sessions/sendMessage", { ...request, sessionId }, signal);
  }

  /** interruptSession ends the running turn and keeps the session; answered once the turn has ended. */
  async interruptSession(sessionId: string, request: In<"sessions/interrupt", "sessionId"> = {}, signal?: AbortSignal): Promise<void> {
    await this.call("sessions/interrupt", { ...request, sessionId }, signal);
  }

  /** terminateSession ends a session with its processes and keeps its events. */
  async terminateSession(sessionId: string, signal?: AbortSignal): Promise<void> {
    await this.call("sessions/terminate", { sessionId }, signal);
  }

  /** deleteSession forgets a session; a live one is ended first. */
  async deleteSession(sessionId: string, signal?: AbortSignal): Promise<void> {
    await this.call("sessions/delete", { sessionId }, signal);
  }

  /** getEvents reads events that are there. */
  getEvents(sessionId: string, query: In<"sessions/events", "sessionId"> = {}, signal?: AbortSignal): Promise<api.EventsResult> {
    return this.call("sessions/events", { ...query, sessionId }, signal);
  }

  /**
   * streamEvents gives a session's events after an offset and then as they
   * come, each once and in order: a connection that breaks is made again. It
   * ends with session.ended, or when the session is deleted.
   */
  async *streamEvents(sessionId: string, query: StreamQuery = {}, signal?: AbortSignal): AsyncGenerator<api.UniversalEvent, void> {
    this.#checkStream(sessionId);
    yield* followSession(this.#streams, sessionId, query as Params, signal);
  }

  /**
   * streamTurn sends a message and gives the events of its turn, until it ends
   * or, unless until is "turn", a person is needed.
   */
  async *streamTurn(sessionId: string, request: MessageRequest, query: TurnQuery = {}, signal?: AbortSignal): AsyncGenerator<api.UniversalEvent, void> {
    this.#check();
    yield* followTurn(this.#streams, sessionId, { ...request, ...query }, signal);
  }

  /** watchSessions gives the summaries of all sessions as they change. */
  async *watchSessions(signal?: AbortSignal): AsyncGenerator<api.SessionInfo, void> {
    this.#check();
    yield* watchSessions(this.#streams, signal);
  }

  /** getEventsSse is streamEvents as the answer comes: over HTTP only. */
  async getEventsSse(sessionId: string, query: StreamQuery = {}, signal?: AbortSignal): Promise<Response> {
    this.#checkStream(sessionId);
    return this.#transport.raw("sessions/subscribe", { ...query, sessionId }, signal);
  }

  /** postMessageStream is streamTurn as the answer comes: over HTTP only. */
  async postMessageStream(sessionId: string, request: MessageRequest, query: TurnQuery = {}, signal?: AbortSignal): Promise<Response> {
    this.#check();
    return this.#transport.raw("sessions/sendMessageStream", { ...request, ...query, sessionId }, signal);
  }

  /** replyQuestion answers a question: a list of choices, or free texts, for each that was asked. */
  async replyQuestion(sessionId: string, questionId: string, request: In<"questions/reply", "sessionId" | "questionId">, signal?: AbortSignal): Promise<void> {
    await this.call("questions/reply", { ...request, sessionId, questionId }, signal);
  }

  async rejectQuestion(sessionId: string, questionId: string, request: In<"questions/reject", "sessionId" | "questionId"> = {}, signal?: AbortSignal): Promise<void> {
    await this.call("questions/reject", { ...request, sessionId, questionId }, signal);
  }

  /** replyPermission answers once, always or reject, the latter with a message for the agent. */
  async replyPermission(sessionId: string, permissionId: string, request: In<"permissions/reply", "sessionId" | "permissionId">, signal?: AbortSignal): Promise<void> {
    await this.call("permissions/reply", { ...request, sessionId, permissionId }, signal);
  }

  /** listFsEntries lists a directory of the bridge's machine. */
  listFsEntries(query: In<"fs/entries"> = {}, signal?: AbortSignal): Promise<api.FSEntriesResult> {
    return this.call("fs/entries", query, signal);
  }

  /** readFsFile reads a file, or with offset and length a piece of it. */
  async readFsFile(query: In<"fs/read">, signal?: AbortSignal): Promise<Uint8Array> {
    this.#check();
    for (const value of [query.offset ?? 0, query.length ?? 0]) {
      if (!Number.isInteger(value) || value < 0) throw localError("invalid_request", `offset and length are whole numbers that are not negative, and ${value} is none`);
    }
    return this.#transport.readFile(query as Params, signal);
  }

  /**
   * writeFsFile makes a file or replaces one. Others see all of it or nothing,
   * but for files of more than 8 MiB over stdio, which are written in pieces.
   */
  async writeFsFile(query: In<"fs/write", "content" | "offset">, body: FileBody, signal?: AbortSignal): Promise<api.FSWriteResult> {
    this.#check();
    return this.#transport.writeFile(query as Params, body, signal);
  }

  deleteFsEntry(query: In<"fs/delete">, signal?: AbortSignal): Promise<api.FSChangeResult> {
    return this.call("fs/delete", query, signal);
  }

  mkdirFs(query: In<"fs/mkdir">, signal?: AbortSignal): Promise<api.FSChangeResult> {
    return this.call("fs/mkdir", query, signal);
  }

  moveFs(request: In<"fs/move", "sessionId">, query: Pick<api.FSMoveParams, "sessionId"> = {}, signal?: AbortSignal): Promise<api.FSMoveResult> {
    return this.call("fs/move", { ...request, ...query }, signal);
  }

  statFs(query: In<"fs/stat">, signal?: AbortSignal): Promise<api.FSStat> {
    return this.call("fs/stat", query, signal);
  }

  /** uploadFsBatch unpacks a tar or tar.gz archive into a directory, or refuses it whole. */
  async uploadFsBatch(body: FileBody, query: In<"fs/upload", "content"> = {}, signal?: AbortSignal): Promise<api.FSUploadResult> {
    this.#check();
    return this.#transport.uploadFiles(query as Params, body, signal);
  }

  /** getSchema gives the description of the API that other programs read. */
  getSchema(query: In<"schema/get"> = {}, signal?: AbortSignal): Promise<api.SchemaDocument> {
    return this.call("schema/get", query, signal);
  }

  #check(): void {
    if (this.#disposed) throw disposedError();
  }

  /** checkStream refuses an id that is none: without one the method would be about all sessions. */
  #checkStream(sessionId: string): void {
    this.#check();
    if (!sessionId) throw localError("invalid_request", "a session's events need its id; watchSessions is about all sessions");
  }
}
