// What the client does with a bridge's lines, whatever pieces they come in.
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";

import { StdioTransport } from "../dist/stdio.js";

interface Sent {
  id?: number;
  method: string;
  params: Record<string, unknown>;
}

/** FakeBridge is the other end of the pipes. */
class FakeBridge {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly transport = new StdioTransport({ stdin: this.stdin, stdout: this.stdout, gone: new Promise(() => undefined), stop: async () => undefined });

  /** sent is what the client has written since it was last asked. */
  sent(): Sent[] {
    const text = (this.stdin.read() as Buffer | null)?.toString() ?? "";
    return text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Sent);
  }

  say(...messages: object[]): void {
    this.stdout.write(messages.map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`).join(""));
  }

  /** subscription opens a stream and answers with what is said after it. */
  async subscription(...after: object[]): Promise<AsyncGenerator<unknown, void>> {
    const opened = this.transport.open("sessions/subscribe", { sessionId: "s" });
    this.say({ id: this.sent()[0]!.id, result: { subscriptionId: "sub_1" } }, ...after);
    return (await opened).events;
  }
}

const event = (sequence: number, text = "") => ({ method: "session/event", params: { subscriptionId: "sub_1", event: { sequence, text } } });
const tick = () => new Promise((resolve) => setImmediate(resolve));

describe("a bridge's lines", () => {
  it("keep the events that come with the answer", async () => {
    const bridge = new FakeBridge();
    const stream = await bridge.subscription(event(1), event(2), { method: "session/streamEnded", params: { subscriptionId: "sub_1", reason: "session_deleted" } });
    const got: unknown[] = [];
    for await (const value of stream) got.push(value);
    assert.deepEqual(got, [{ sequence: 1, text: "" }, { sequence: 2, text: "" }]);
    assert.deepEqual(bridge.sent(), [], "a stream that ended was unsubscribed");
  });

  it("come in pieces, and out of order", async () => {
    const bridge = new FakeBridge();
    const calls = [bridge.transport.call("a", {}), bridge.transport.call("b", {})];
    const [a, b] = bridge.sent();
    const bytes = Buffer.from(`\n${JSON.stringify({ id: b!.id, result: "世界 😀" })}\r\n{"id":null,"error":{}}\n${JSON.stringify({ id: a!.id, result: 1 })}\n`);
    for (const byte of bytes) bridge.stdout.write(Buffer.of(byte));
    assert.deepEqual(await Promise.all(calls), [1, "世界 😀"]);
  });

  it("are left in the bridge's log by a slow reader", async () => {
    for (const [count, size, kept] of [[5000, 0, 4096], [20, 1 << 20, 15]] as const) {
      const bridge = new FakeBridge();
      const stream = await bridge.subscription(...Array.from({ length: count }, (_, index) => event(index + 1, "x".repeat(size))));
      await tick();
      assert.deepEqual(bridge.sent().map(({ method, params }) => [method, params["subscriptionId"]]), [["sessions/unsubscribe", "sub_1"]]);
      let got = 0;
      await assert.rejects(async () => {
        for await (const _ of stream) got++;
      }, { kind: "stream_error", message: /slower than the session/ });
      assert.equal(got, kept);
    }
  });

  it("tell only the newest of a session to a slow watcher", async () => {
    const bridge = new FakeBridge();
    const changed = (sessionId: string, eventCount: number) => ({ method: "session/changed", params: { subscriptionId: "sub_1", session: { sessionId, eventCount } } });
    const stream = await bridge.subscription(...Array.from({ length: 9000 }, (_, n) => changed(`s${n % 2}`, n)));
    await tick();
    assert.deepEqual([(await stream.next()).value, (await stream.next()).value], [{ sessionId: "s0", eventCount: 8998 }, { sessionId: "s1", eventCount: 8999 }]);
    await stream.return();
    assert.deepEqual(bridge.sent().map(({ method }) => method), ["sessions/unsubscribe"]);
  });

  it("cancel what is aborted, and undo what comes of it all the same", async () => {
    const bridge = new FakeBridge();
    const stop = new AbortController();
    const opened = bridge.transport.open("sessions/subscribe", { sessionId: "s" }, stop.signal);
    stop.abort(new Error("enough"));
    await assert.rejects(opened, { message: "enough" });
    const [request, cancel] = bridge.sent();
    assert.deepEqual([cancel?.method, cancel?.params], ["$/cancelRequest", { id: request!.id }]);
    bridge.say({ id: request!.id, result: { subscriptionId: "sub_1" } }, event(1));
    await tick();
    assert.deepEqual(bridge.sent().map(({ method, params }) => [method, params["subscriptionId"]]), [["sessions/unsubscribe", "sub_1"]]);
  });

  it("are errors with their kinds", async () => {
    const bridge = new FakeBridge();
    const problem = { type: "urn:sandbox-agent:error:session_busy", title: "Session Busy", status: 409, detail: "session busy: s", sessionId: "s" };
    const call = bridge.transport.call("sessions/sendMessage", {});
    bridge.say({ id: bridge.sent()[0]!.id, error: { code: -32008, message: "session busy: s", data: problem } });
    await assert.rejects(call, { kind: "session_busy", status: 409, message: "session busy: s", problem });
    const other = bridge.transport.call("x", {});
    bridge.say({ id: bridge.sent()[0]!.id, error: { code: 7, message: "what?" } });
    await assert.rejects(other, { kind: "stream_error", message: /error 7, what\?/ });
  });
});
