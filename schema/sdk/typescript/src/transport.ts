import type { FSUploadResult, FSWriteResult, SendResult } from "./types.js";

/** Params of a call, by the names of the method table. */
export type Params = Record<string, unknown>;

/** The content of a file. */
export type FileBody = string | Uint8Array | ArrayBuffer | Blob | ReadableStream<Uint8Array>;

/** Opened is a stream, and of a message the turn that it became. */
export interface Opened {
  events: AsyncGenerator<unknown, void>;
  sent: Partial<SendResult>;
}

/**
 * Transport is a way to a bridge. What it throws is a SandboxAgentError, or
 * the reason of the signal that was aborted.
 */
export interface Transport {
  /** call makes a call that is answered once. */
  call(method: string, params: Params, signal?: AbortSignal): Promise<unknown>;
  /**
   * open makes a call that a stream follows. It is there once the call was
   * accepted, has to be read, and throws a BrokenError where it stops short.
   */
  open(method: string, params: Params, signal?: AbortSignal): Promise<Opened>;
  /** raw makes a call over HTTP and gives its answer as it is. */
  raw(method: string, params: Params, signal?: AbortSignal): Promise<Response>;
  readFile(params: Params, signal?: AbortSignal): Promise<Uint8Array>;
  writeFile(params: Params, body: FileBody, signal?: AbortSignal): Promise<FSWriteResult>;
  uploadFiles(params: Params, body: FileBody, signal?: AbortSignal): Promise<FSUploadResult>;
  /** dispose ends everything that is under way. It may be called again. */
  dispose(): Promise<void>;
}
