// What the tests have in common: bridges of each transport, streams that are
// waited for, and a way to a server that breaks.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { SandboxAgent, type SandboxAgentStartOptions, type UniversalEvent } from "sandbox-agent";

export const transports = ["http", "stdio"] as const;
export type TransportName = (typeof transports)[number];

/** Safety nets, for machines that are busy: nothing waits for them to pass. */
export const patienceMs = 300_000;
export const agentPatienceMs = 900_000;

/** startBridge starts the program under test; it ends with the tests of the file. */
export async function startBridge(transport: TransportName, options: SandboxAgentStartOptions = {}): Promise<SandboxAgent> {
  const spawn = typeof options.spawn === "object" ? options.spawn : {};
  const client = await SandboxAgent.start({ ...options, transport, spawn: { log: "silent", timeoutMs: patienceMs, ...spawn } });
  after(() => client.dispose());
  return client;
}

/** temporaryFolder is gone after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sandbox-agent-sdk-"));
  after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export type EventOf<T extends UniversalEvent["type"]> = Extract<UniversalEvent, { type: T }>;

/** Reader reads a stream step by step and keeps what it has read. */
export class Reader {
  readonly events: UniversalEvent[] = [];
  readonly #stream: AsyncGenerator<UniversalEvent, void>;

  constructor(stream: AsyncGenerator<UniversalEvent, void>) {
    this.#stream = stream;
  }

  /** until reads up to the next event of a type. */
  async until<T extends UniversalEvent["type"]>(type: T, matches: (event: EventOf<T>) => boolean = () => true): Promise<EventOf<T>> {
    for (;;) {
      const { value, done } = await this.#stream.next();
      if (done) throw new Error(`the stream ended before ${type}; it had ${this.events.map((event) => event.type).join(", ")}`);
      this.events.push(value);
      if (value.type === type && matches(value as EventOf<T>)) return value as EventOf<T>;
    }
  }

  /** rest reads to the end of the stream. */
  async rest(): Promise<UniversalEvent[]> {
    for await (const event of this.#stream) this.events.push(event);
    return this.events;
  }

  close(): Promise<unknown> {
    return this.#stream.return(undefined);
  }
}

/** isGapless tells whether events have the numbers from first on. */
export function isGapless(events: UniversalEvent[], first = 1): boolean {
  return events.every((event, index) => event.sequence === first + index);
}

/** textsOf are the texts of completed messages of the assistant. */
export function textsOf(events: UniversalEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "item.completed" && event.data.item.kind === "message" && event.data.item.role === "assistant"
      ? event.data.item.content.flatMap((part) => (part.type === "text" ? [part.text] : []))
      : [],
  );
}

/** CuttingProxy forwards connections and cuts each after some bytes of answer. */
export class CuttingProxy {
  cuts = 0;
  /** How many bytes the next connections let through; then none is cut. */
  budgets: number[];
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#forward(client));

  constructor(target: string, budgets: number[]) {
    this.#target = new URL(target);
    this.budgets = budgets;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    after(() => this.close());
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** close refuses new connections and cuts all that are there. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #forward(client: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname);
    let left = this.budgets.shift() ?? Infinity;
    for (const [socket, other] of [[client, server], [server, client]] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(server);
    server.on("data", (chunk) => {
      client.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0) return;
      this.cuts++;
      client.end();
      server.destroy();
    });
  }
}
