import type { Readable, Writable } from "node:stream";

import { BrokenError, disposedError, isProblem, localError, problemError, SandboxAgentError } from "./errors.js";
import { onAbort } from "./signals.js";
import type { FileBody, Opened, Params, Transport } from "./transport.js";
import type { FSReadResult, FSUploadResult, FSWriteResult, InitializeResult, SendResult, SessionInfo } from "./types.js";

const protocolVersion = "1";

/** The pieces that files are read and written in: base64 makes a third more of them. */
const pieceBytes = 8 << 20;

/**
 * What waits for a reader. When it is slower, the rest stays in the bridge's
 * log, and is asked for when there is room again.
 */
const windowEvents = 4096;
const windowBytes = 16 << 20;

/** StdioOptions are a bridge's pipes, and how it is ended. */
export interface StdioOptions {
  /** Its owner handles its errors. */
  stdin: Writable;
  stdout: Readable;
  /** Resolves with the reason when the bridge has gone. */
  gone: Promise<SandboxAgentError>;
  /** Ends the bridge. */
  stop: () => Promise<void>;
}

/** Waiting is a request that has no answer yet. */
interface Waiting {
  answered(result: unknown): void;
  failed(error: unknown): void;
}

interface Message {
  id?: string | number | null;
  method?: string;
  params?: { subscriptionId?: string; event?: unknown; session?: SessionInfo };
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
}

/** StdioTransport speaks JSON-RPC over the pipes of a bridge, a message a line. */
export class StdioTransport implements Transport {
  readonly #options: StdioOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #subscriptions = new Map<string, Subscription>();
  #lastId = 0;
  #maxMessageBytes = Infinity;
  #over: SandboxAgentError | undefined;
  #disposed: Promise<void> | undefined;

  constructor(options: StdioOptions) {
    this.#options = options;
    const line = new LineReader((text) => this.#receive(text));
    options.stdout.on("data", (chunk: Buffer) => line.add(chunk));
    void options.gone.then((error) => this.#end(error));
  }

  /** initialize makes sure that it is a bridge, and one of our protocol. */
  async initialize(signal?: AbortSignal): Promise<InitializeResult> {
    const result = await this.call("initialize", { protocolVersion, clientInfo: { name: "sandbox-agent (TypeScript)" } }, signal);
    const server = result as Partial<InitializeResult> | null;
    if (server?.serverInfo?.name !== "sandbox-agent") throw strangerError(JSON.stringify(result) ?? "nothing");
    if (server.protocolVersion !== protocolVersion) {
      throw localError("not_supported", `the bridge speaks version ${server.protocolVersion} of the protocol and this client version ${protocolVersion}; update one of them`);
    }
    this.#maxMessageBytes = server.limits?.maxMessageBytes ?? Infinity;
    return server as InitializeResult;
  }

  call(method: string, params: Params, signal?: AbortSignal): Promise<unknown> {
    return this.#request(method, params, signal, (result) => result, () => undefined);
  }

  async open(method: string, params: Params, signal?: AbortSignal): Promise<Opened> {
    // The events of a subscription may follow its answer in the same piece of
    // output: it is known before the next line is looked at.
    const subscribe = (result: unknown) => {
      const { subscriptionId, ...sent } = result as { subscriptionId: string } & Partial<SendResult>;
      const subscription = new Subscription(() => this.#unsubscribe(subscriptionId));
      this.#subscriptions.set(subscriptionId, subscription);
      return { sent, subscription };
    };
    const { sent, subscription } = await this.#request(method, params, signal, subscribe, ({ subscription }) => subscription.close());
    return { sent, events: subscription.read(signal) };
  }

  async raw(method: string): Promise<Response> {
    throw localError("not_supported", `${method} gives a Response only over HTTP; use streamEvents or streamTurn`);
  }

  async readFile(params: Params, signal?: AbortSignal): Promise<Uint8Array> {
    const pieces: Buffer[] = [];
    const { offset, length, ...file } = params;
    let at = Number(offset ?? 0);
    const end = length === undefined ? Infinity : at + Number(length);
    while (at < end) {
      const piece = (await this.call("fs/read", { ...file, offset: at, length: Math.min(pieceBytes, end - at) }, signal)) as FSReadResult;
      const bytes = Buffer.from(piece.content, "base64");
      pieces.push(bytes);
      at += bytes.length;
      if (piece.eof || bytes.length === 0) break;
    }
    return new Uint8Array(Buffer.concat(pieces));
  }

  /** A file that fits one message is replaced in one step, a larger one written in pieces. */
  async writeFile(params: Params, body: FileBody, signal?: AbortSignal): Promise<FSWriteResult> {
    const bytes = await allOf(body);
    if (bytes.length <= pieceBytes) {
      return (await this.call("fs/write", { ...params, content: bytes.toString("base64") }, signal)) as FSWriteResult;
    }
    let written: FSWriteResult | undefined;
    for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
      const content = bytes.subarray(offset, offset + pieceBytes).toString("base64");
      written = (await this.call("fs/write", { ...params, offset, content }, signal)) as FSWriteResult;
    }
    return { ...written!, bytesWritten: bytes.length };
  }

  async uploadFiles(params: Params, body: FileBody, signal?: AbortSignal): Promise<FSUploadResult> {
    return (await this.call("fs/upload", { ...params, content: (await allOf(body)).toString("base64") }, signal)) as FSUploadResult;
  }

  /** dispose lets the bridge end its sessions and exit. */
  dispose(): Promise<void> {
    this.#disposed ??= (async () => {
      this.#end(disposedError());
      await this.#options.stop();
    })();
    return this.#disposed;
  }

  /**
   * request sends a request. What take makes of its result is there before the
   * next message is read; should the caller have given up, drop gets it.
   */
  #request<T>(method: string, params: Params, signal: AbortSignal | undefined, take: (result: unknown) => T, drop: (taken: T) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#over) return reject(this.#over);
      if (signal?.aborted) return reject(signal.reason);
      const id = ++this.#lastId;
      const line = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, method, params }) + "\n");
      if (line.length > this.#maxMessageBytes) {
        return reject(localError("payload_too_large", `${method} has ${line.length} bytes, and the bridge reads messages of up to ${this.#maxMessageBytes}`));
      }
      let abandoned = false;
      const cancel = () => {
        abandoned = true;
        this.#notify("$/cancelRequest", { id });
        reject(signal?.reason);
      };
      const undo = onAbort(signal, cancel);
      this.#waiting.set(id, {
        answered: (result) => {
          undo();
          const taken = take(result);
          if (abandoned) drop(taken);
          else resolve(taken);
        },
        failed: (error) => {
          undo();
          reject(error);
        },
      });
      this.#options.stdin.write(line);
    });
  }

  #notify(method: string, params: Params): void {
    if (!this.#over) this.#options.stdin.write(JSON.stringify({ jsonrpc: "2.0", method, params }) + "\n");
  }

  #unsubscribe(subscriptionId: string): void {
    if (!this.#subscriptions.delete(subscriptionId) || this.#over) return;
    this.call("sessions/unsubscribe", { subscriptionId }).catch(() => undefined); // it may just have ended
  }

  #receive(line: Buffer): void {
    if (this.#over || line.length === 0) return;
    let message: Message;
    try {
      message = JSON.parse(line.toString()) as Message;
    } catch {
      return this.#end(strangerError(line.subarray(0, 200).toString()));
    }
    if (typeof message !== "object" || message === null || (message.method !== undefined && message.id !== undefined)) {
      return this.#end(strangerError(line.subarray(0, 200).toString())); // a bridge makes no requests
    }
    if (message.method !== undefined) return this.#notified(message, line.length);
    const waiting = typeof message.id === "number" ? this.#waiting.get(message.id) : undefined;
    if (!waiting) return;
    this.#waiting.delete(message.id as number);
    if (message.error) waiting.failed(answeredError(message.error));
    else waiting.answered(message.result);
  }

  #notified({ method, params }: Message, bytes: number): void {
    const id = params?.subscriptionId ?? "";
    const subscription = this.#subscriptions.get(id);
    if (!subscription) return;
    switch (method) {
      case "session/event":
        return subscription.add(params?.event, bytes);
      case "session/changed":
        return subscription.replace(params?.session?.sessionId ?? "", params?.session);
      case "session/streamEnded":
        this.#subscriptions.delete(id);
        return subscription.end();
    }
  }

  #end(error: SandboxAgentError): void {
    if (this.#over) return;
    this.#over = error;
    for (const waiting of this.#waiting.values()) waiting.failed(error);
    for (const subscription of this.#subscriptions.values()) subscription.end(error);
    this.#waiting.clear();
    this.#subscriptions.clear();
  }
}

/** Subscription keeps what comes until its reader takes it, within bounds. */
class Subscription {
  readonly #unsubscribe: () => void;
  readonly #window = new Map<string | number, { value: unknown; bytes: number }>();
  #added = 0;
  #bytes = 0;
  #ended = false;
  #error: SandboxAgentError | undefined;
  #wake: () => void = () => undefined;

  constructor(unsubscribe: () => void) {
    this.#unsubscribe = unsubscribe;
  }

  /** add keeps an event, or stops the subscription where there is no room. */
  add(event: unknown, bytes: number): void {
    if (this.#ended) return;
    if (this.#window.size >= windowEvents || (this.#bytes + bytes > windowBytes && this.#window.size > 0)) {
      this.end(new BrokenError("the reader is slower than the session; the rest of it is in the bridge's log"));
      return this.#unsubscribe();
    }
    this.#window.set(this.#added++, { value: event, bytes });
    this.#bytes += bytes;
    this.#wake();
  }

  /** replace keeps the newest of what has the same name. */
  replace(name: string, value: unknown): void {
    this.#window.delete(name);
    this.#window.set(name, { value, bytes: 0 });
    this.#wake();
  }

  end(error?: SandboxAgentError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake();
  }

  close(): void {
    this.#unsubscribe();
  }

  async *read(signal?: AbortSignal): AsyncGenerator<unknown, void> {
    const undo = onAbort(signal, () => this.#wake());
    try {
      for (;;) {
        for (const [key, { value, bytes }] of this.#window) {
          signal?.throwIfAborted();
          this.#window.delete(key);
          this.#bytes -= bytes;
          yield value;
        }
        signal?.throwIfAborted();
        if (this.#error) throw this.#error;
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      undo();
      this.close();
    }
  }
}

/** LineReader puts lines together that come in pieces. */
class LineReader {
  readonly #line: (line: Buffer) => void;
  #pieces: Buffer[] = [];

  constructor(line: (line: Buffer) => void) {
    this.#line = line;
  }

  add(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.#pieces.push(chunk.subarray(from, end));
      const line = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
      this.#pieces = [];
      from = end + 1;
      this.#line(line);
    }
    if (from < chunk.length) this.#pieces.push(chunk.subarray(from));
  }
}

function answeredError(error: { code: number; message: string; data?: unknown }): SandboxAgentError {
  if (isProblem(error.data)) return problemError(error.data);
  return localError("stream_error", `the bridge answered with error ${error.code}, ${error.message}, which is none of its kinds`);
}

function strangerError(said: string): SandboxAgentError {
  return localError("stream_error", `the program that was started is no sandbox-agent: it said ${JSON.stringify(said)}`);
}

/** allOf reads a body whole. */
async function allOf(body: FileBody): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return Buffer.from(await new Response(body as BodyInit).arrayBuffer());
}
