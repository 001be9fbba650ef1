import { BrokenError, disposedError, isProblem, localError, problemError, SandboxAgentError } from "./errors.js";
import { routes } from "./routes.js";
import { Scope } from "./signals.js";
import { parseFrames } from "./sse.js";
import type { FileBody, Opened, Params, Transport } from "./transport.js";
import type { FSUploadResult, FSWriteResult, SendResult } from "./types.js";

/** HttpOptions say where a bridge serves HTTP. */
export interface HttpOptions {
  /** The server's address, such as http://127.0.0.1:2468. */
  baseUrl: string;
  /** What the server was told to let in. */
  token?: string | undefined;
  /** What makes the requests, instead of the platform's fetch. */
  fetch?: typeof fetch | undefined;
  /** Headers that go with every request. */
  headers?: Record<string, string> | undefined;
  /** The longest silence of a stream, in milliseconds; the bridge says something every 15 s. */
  silenceMs?: number | undefined;
}

const defaultSilenceMs = 60_000;
const rangeNotSatisfiable = 416;

/** What a request has besides its params. */
interface RequestSettings {
  signal: AbortSignal | undefined;
  accept?: string;
  headers?: Record<string, string>;
  /** A file in place of a JSON body. */
  file?: { type: string; body: FileBody };
}

/** HttpTransport makes calls over HTTP and streams as server-sent events. */
export class HttpTransport implements Transport {
  readonly #base: string;
  readonly #fetch: typeof fetch;
  readonly #headers: Record<string, string>;
  readonly #silenceMs: number;
  readonly #over = new AbortController();

  constructor(options: HttpOptions) {
    this.#base = String(options.baseUrl).replace(/\/+$/, "");
    if (!/^https?:\/\//.test(this.#base) || !URL.canParse(this.#base)) {
      throw localError("invalid_request", `baseUrl is ${JSON.stringify(options.baseUrl)}; give an address such as http://127.0.0.1:2468`);
    }
    this.#fetch = options.fetch ?? ((...args) => fetch(...args));
    this.#headers = { ...options.headers };
    if (options.token) this.#headers["Authorization"] = `Bearer ${options.token}`;
    this.#silenceMs = options.silenceMs ?? defaultSilenceMs;
  }

  async call(method: string, params: Params, signal?: AbortSignal): Promise<unknown> {
    const scope = new Scope(this.#over.signal, signal);
    try {
      const response = await this.#request(method, params, { signal: scope.signal });
      return await this.#answer(response, scope.signal);
    } finally {
      scope.leave();
    }
  }

  async open(method: string, params: Params, signal?: AbortSignal): Promise<Opened> {
    const scope = new Scope(this.#over.signal, signal);
    try {
      const response = await this.#request(method, params, { signal: scope.signal, accept: "text/event-stream" });
      return { sent: sentBy(response), events: this.#events(response, scope) };
    } catch (error) {
      scope.leave();
      throw error;
    }
  }

  /** The answer is its reader's: the signal ends it, and dispose doesn't. */
  raw(method: string, params: Params, signal?: AbortSignal): Promise<Response> {
    return this.#request(method, params, { signal, accept: "text/event-stream" });
  }

  async readFile(params: Params, signal?: AbortSignal): Promise<Uint8Array> {
    const { offset, length, ...query } = params;
    if (length === 0) return new Uint8Array(); // no range says that
    const headers: Record<string, string> = {};
    if (offset !== undefined || length !== undefined) headers["Range"] = byteRange(Number(offset ?? 0), length);
    const scope = new Scope(this.#over.signal, signal);
    try {
      const response = await this.#request("fs/read", query, { signal: scope.signal, accept: "application/octet-stream", headers });
      if (!response.headers.get("Content-Type")?.startsWith("application/octet-stream")) throw this.#stranger(response);
      return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      if (error instanceof SandboxAgentError && error.status === rangeNotSatisfiable) return new Uint8Array(); // the file ends before
      throw this.#broken(error, scope.signal);
    } finally {
      scope.leave();
    }
  }

  writeFile(params: Params, body: FileBody, signal?: AbortSignal): Promise<FSWriteResult> {
    return this.#send("fs/write", params, { type: "application/octet-stream", body }, signal) as Promise<FSWriteResult>;
  }

  uploadFiles(params: Params, body: FileBody, signal?: AbortSignal): Promise<FSUploadResult> {
    return this.#send("fs/upload", params, { type: "application/x-tar", body }, signal) as Promise<FSUploadResult>;
  }

  async dispose(): Promise<void> {
    this.fail(disposedError());
  }

  /** fail ends everything that is under way, and all that comes, with an error. */
  fail(error: SandboxAgentError): void {
    this.#over.abort(error);
  }

  async #send(method: string, params: Params, file: { type: string; body: FileBody }, signal?: AbortSignal): Promise<unknown> {
    const scope = new Scope(this.#over.signal, signal);
    try {
      return await this.#answer(await this.#request(method, params, { signal: scope.signal, file }), scope.signal);
    } finally {
      scope.leave();
    }
  }

  /** request makes any request. An answer that is an error is thrown. */
  async #request(method: string, params: Params, { signal, accept, headers, file }: RequestSettings): Promise<Response> {
    this.#over.signal.throwIfAborted();
    const route = routes[method];
    if (!route) throw localError("not_supported", `${method} can't be called over HTTP; start the bridge with transport "stdio"`);
    const { path, rest } = fill(route.paths, params, method);
    const init: RequestInit & { duplex?: "half" } = {
      method: route.verb,
      headers: { Accept: accept ?? "application/json", ...this.#headers, ...headers },
    };
    if (signal) init.signal = signal;
    let url = this.#base + path;
    if (file) {
      url += query(rest);
      init.body = file.body as BodyInit;
      init.headers = { ...init.headers, "Content-Type": file.type };
      if (file.body instanceof ReadableStream) init.duplex = "half"; // fetch wants it said
    } else if (route.verb === "GET" || route.verb === "DELETE") {
      url += query(rest);
    } else {
      init.body = JSON.stringify(rest);
      init.headers = { ...init.headers, "Content-Type": "application/json" };
    }
    let response: Response;
    try {
      response = await this.#fetch(url, init);
    } catch (cause) {
      throw this.#broken(cause, signal);
    }
    if (!response.ok) throw await this.#refused(response);
    return response;
  }

  /** answer reads a result; that of a message that was sent is in headers. */
  async #answer(response: Response, signal: AbortSignal): Promise<unknown> {
    const sent = sentBy(response);
    if (sent.turnId) return sent;
    let text: string;
    try {
      text = await response.text();
    } catch (cause) {
      throw this.#broken(cause, signal);
    }
    if (response.status === 204) return {};
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.#stranger(response, cause);
    }
  }

  /** events gives what a stream carries. */
  async *#events(response: Response, scope: Scope): AsyncGenerator<unknown, void> {
    try {
      if (!response.body || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) throw this.#stranger(response);
      for await (const data of parseFrames(response.body, this.#silenceMs)) {
        yield JSON.parse(data);
        scope.signal.throwIfAborted(); // while its reader was busy
      }
    } catch (cause) {
      throw this.#broken(cause, scope.signal);
    } finally {
      scope.leave();
    }
  }

  async #refused(response: Response): Promise<SandboxAgentError> {
    const text = await response.text().catch(() => "");
    try {
      const problem: unknown = JSON.parse(text);
      if (isProblem(problem)) return problemError(problem, response);
    } catch {
      // It is somebody else's page.
    }
    return this.#stranger(response);
  }

  /** stranger is the error for an answer that no bridge gives. */
  #stranger(response: Response, cause?: unknown): SandboxAgentError {
    if (response.status >= 502 && response.status <= 504) {
      return new BrokenError(`the bridge behind ${this.#base} can't be reached: its proxy answers with ${response.status}`, cause, response);
    }
    return new SandboxAgentError(
      "stream_error", `what answers at ${this.#base} (with ${response.status}) is no sandbox-agent server, or speaks another version of its protocol`,
      response.status, undefined, response, cause === undefined ? undefined : { cause },
    );
  }

  /** broken is the error for whatever kept an answer from coming. */
  #broken(cause: unknown, signal?: AbortSignal): unknown {
    if (this.#over.signal.aborted) return this.#over.signal.reason;
    if (signal?.aborted) return signal.reason;
    if (cause instanceof SandboxAgentError) return cause;
    return new BrokenError(`the connection to ${this.#base} failed (${reasonOf(cause)}); is sandbox-agent server running there?`, cause);
  }
}

/** sentBy is what the headers of an answer say about a message that was sent. */
function sentBy({ headers }: Response): Partial<SendResult> {
  const turnId = headers.get("Turn-Id");
  return turnId ? { turnId, sequence: Number(headers.get("Event-Sequence")) } : {};
}

/** reasonOf is what the platform says about a failed connection. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause instanceof Error ? cause.cause : undefined;
  return inner ? inner.message || String((inner as { code?: unknown }).code ?? inner) : cause.message;
}

function byteRange(offset: number, length: unknown): string {
  return `bytes=${offset}-${length === undefined ? "" : offset + Number(length) - 1}`;
}

/** fill puts params into the first path that they suffice for. */
function fill(paths: readonly string[], params: Params, method: string): { path: string; rest: Params } {
  for (const pattern of paths) {
    const rest = { ...params };
    let complete = true;
    const path = pattern.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = rest[name];
      delete rest[name];
      if (typeof value !== "string" || value === "") complete = false;
      if (value === "." || value === "..") {
        throw localError("invalid_request", `${name} is ${JSON.stringify(value)}, which no URL can carry; use another, or transport "stdio"`);
      }
      return encodeURIComponent(String(value));
    });
    if (complete) return { path, rest };
  }
  throw localError("invalid_request", `${method} needs a value for each {…} of ${paths.join(" or ")}`);
}

function query(params: Params): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null) search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}
