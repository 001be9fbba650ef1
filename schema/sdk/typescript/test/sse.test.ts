// What the reader of server-sent events takes, in pieces of every size.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { parseFrames } from "../dist/sse.js";

async function parse(text: string, size: number): Promise<string[]> {
  const bytes = new TextEncoder().encode(text);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.subarray(at, at + size));
      controller.close();
    },
  });
  const frames: string[] = [];
  for await (const data of parseFrames(body, 10_000)) frames.push(data);
  return frames;
}

describe("server-sent events", () => {
  const cases: [name: string, text: string, want: string[]][] = [
    ["nothing", "", []],
    ["events with ids", 'id: 1\ndata: {"a":1}\n\nid: 2\ndata: {"b":"世界 😀"}\n\n', ['{"a":1}', '{"b":"世界 😀"}']],
    ["comments", ": still here\n\ndata: x\n\n:\n\n", ["x"]],
    ["carriage returns", "data: x\r\rdata: y\r\n\r\ndata: z\n\r\n", ["x", "y", "z"]],
    ["several lines", "data: a\ndata:b\ndata:  c\ndata\n\n", ["a\nb\n c\n"]],
    ["other fields", "event: e\nretry: 5\ndatabase: no\ndata: x\n\n", ["x"]],
    ["a byte order mark", "\uFEFFdata: x\n\n", ["x"]],
  ];
  for (const [name, text, want] of cases) {
    it(`has ${name}`, async () => {
      for (let size = 1; size <= text.length + 1; size++) assert.deepEqual(await parse(text, size), want, `in pieces of ${size} bytes`);
    });
  }

  it("is broken in the middle of an event", async () => {
    for (const text of ["data: x", "data: x\n", "id: 1", "data: x\n\ndata: y\n"]) {
      await assert.rejects(parse(text, 3), { kind: "stream_error", message: /middle of an event/ });
    }
  });

  it("is broken by silence", async () => {
    let cancelled = false;
    const silent = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
    await assert.rejects(parseFrames(silent, 20).next(), { kind: "stream_error", message: /silent for 20 ms/ });
    assert.ok(cancelled);
  });

  it("gives back its connection when its reader leaves", async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("data: x\n\ndata: y\n\n")),
      cancel: () => void (cancelled = true),
    });
    for await (const data of parseFrames(body, 10_000)) {
      assert.equal(data, "x");
      break;
    }
    assert.ok(cancelled);
  });

  it("takes a long event in time", async () => {
    const long = "x".repeat(8 << 20);
    assert.deepEqual((await parse(`data: ${long}\n\n`, 1 << 14)).map((data) => data.length), [long.length]);
  });
});
