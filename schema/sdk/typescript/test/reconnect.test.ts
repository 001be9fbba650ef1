// Streams lose nothing, whatever becomes of the connections that carry them.
import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";

import { SandboxAgent } from "sandbox-agent";

import { CuttingProxy, isGapless, patienceMs, Reader, startBridge } from "./harness.js";

/** Cuts within the headers, within an event, and after many. */
const budgets = [700, 1501, 20_011, 333, 50_021, 7919, 100_003];

describe("a connection that is cut", { timeout: patienceMs }, () => {
  it("loses no event of a session", async () => {
    const server = await startBridge("http");
    await server.createSession("s", { agent: "mock" });
    const proxy = new CuttingProxy(server.baseUrl!, [1501]);
    const client = await SandboxAgent.connect({ baseUrl: await proxy.listen(), token: server.token });
    const stream = new Reader(client.streamEvents("s"));
    await stream.until("session.started");
    proxy.budgets = [...budgets];
    const { turnId } = await server.postMessage("s", { message: "flood 2000 100" });
    await stream.until("turn.ended", (event) => event.turn_id === turnId);
    assert.ok(isGapless(stream.events), "events are missing or came twice");
    assert.ok(stream.events.length > 2000);
    assert.ok(proxy.cuts > budgets.length, `${proxy.cuts} cuts`);
    await stream.close();
    await client.dispose();
  });

  it("loses no event of a turn, and sends its message once", async () => {
    const server = await startBridge("http");
    await server.createSession("s", { agent: "mock" });
    const proxy = new CuttingProxy(server.baseUrl!, [1501, 20_011, 50_021, 7919]);
    let sent = 0;
    const counted: typeof fetch = (url, init) => {
      if (init?.method === "POST") sent++;
      return fetch(url, init);
    };
    const client = await SandboxAgent.connect({ baseUrl: await proxy.listen(), token: server.token, fetch: counted });
    const events = await new Reader(client.streamTurn("s", { message: "flood 1000 100" })).rest();
    assert.equal(proxy.cuts, 4);
    assert.equal(sent, 1); // what was read is not read again
    assert.equal(events[0]?.type, "turn.started");
    assert.equal(events.at(-1)?.type, "turn.ended");
    assert.ok(isGapless(events, events[0]?.sequence), "events are missing or came twice");
    const log = await server.getEvents("s");
    assert.equal(log.events.filter((event) => event.type === "turn.started").length, 1);
    await client.dispose();
  });

  it("leaves a turn where a person is needed, and only there", async () => {
    const server = await startBridge("http");
    await server.createSession("s", { agent: "mock" });
    const proxy = new CuttingProxy(server.baseUrl!, [1501]); // before the permission
    const client = await SandboxAgent.connect({ baseUrl: await proxy.listen(), token: server.token });
    const events = await new Reader(client.streamTurn("s", { message: "gate ls" })).rest();
    assert.equal(proxy.cuts, 1);
    assert.equal(events.at(-1)?.type, "permission.requested");
    assert.ok(isGapless(events, events[0]?.sequence), "events are missing or came twice");
    await client.dispose();
  });

  it("leaves a turn where a person is needed, though it was cut right behind that", async () => {
    const asked: string[] = [];
    const answer: typeof fetch = async (url, init) => {
      asked.push(`${init?.method} ${new URL(String(url)).pathname}`);
      if (init?.method === "POST") return frames(["turn.started", "permission.requested"], 'data: {"type":');
      return Response.json({ turnId: "turn_1", pendingPermissions: [{ permission_id: "permission_1" }] });
    };
    const client = await SandboxAgent.connect({ baseUrl: "http://bridge", fetch: answer });
    const events = await new Reader(client.streamTurn("s", { message: "x" })).rest();
    assert.deepEqual(events.map((event) => event.type), ["turn.started", "permission.requested"]);
    assert.deepEqual(asked, ["POST /v1/sessions/s/messages/stream", "GET /v1/sessions/s"]);
  });

  it("goes on with a watch", async () => {
    const server = await startBridge("http");
    await server.createSession("s", { agent: "mock" });
    const proxy = new CuttingProxy(server.baseUrl!, [1501, 1999]);
    const client = await SandboxAgent.connect({ baseUrl: await proxy.listen(), token: server.token });
    const watch = client.watchSessions();
    let over = false;
    const seen = (async () => {
      for await (const session of watch) if (session.title === "last") return true;
      return false;
    })().finally(() => (over = true));
    for (let n = 0; proxy.cuts < 2; n++) await server.updateSession("s", { title: `title ${n}` });
    while (!over) {
      await server.updateSession("s", { title: "another" });
      await server.updateSession("s", { title: "last" });
    }
    assert.ok(await seen);
    await client.dispose();
  });

  it("ends no turn that is followed to its end, though it looks whole where a person is asked", async () => {
    const turn = ["turn.started", "permission.requested", "permission.resolved", "turn.ended"];
    let requests = 0;
    const answer = async () => frames(turn.slice(0, requests++ === 0 ? 2 : 4));
    const client = await SandboxAgent.connect({ baseUrl: "http://bridge", fetch: answer });
    const whole = await new Reader(client.streamTurn("s", { message: "x" }, { until: "turn" })).rest();
    assert.deepEqual(whole.map((event) => event.type), turn);
    requests = 0;
    const asked = await new Reader(client.streamTurn("s", { message: "x" })).rest();
    assert.deepEqual(asked.map((event) => event.type), turn.slice(0, 2));
  });

  it("is waited for no longer once the client is disposed", async () => {
    let requests = 0;
    let waits: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (waits = resolve));
    const answer = async () => {
      if (requests++ === 0) return frames(["session.started"]);
      setImmediate(waits); // the next try comes after a pause
      throw new TypeError("nobody is there");
    };
    const client = await SandboxAgent.connect({ baseUrl: "http://bridge", fetch: answer });
    mock.timers.enable({ apis: ["setTimeout"] }); // the pause never ends of itself
    try {
      const rest = assert.rejects(new Reader(client.streamEvents("s")).rest(), { kind: "invalid_request", message: /disposed/ });
      await waiting;
      await client.dispose();
      await rest;
    } finally {
      mock.timers.reset();
    }
  });

  it("is given up after a while", async () => {
    const server = await startBridge("http");
    await server.createSession("s", { agent: "mock" });
    const proxy = new CuttingProxy(server.baseUrl!, []);
    const client = await SandboxAgent.connect({ baseUrl: await proxy.listen(), token: server.token, reconnectTimeoutMs: 50 });
    const stream = new Reader(client.streamEvents("s"));
    await stream.until("session.started");
    const next = stream.rest();
    proxy.close();
    await assert.rejects(next, { kind: "stream_error", message: /is sandbox-agent server running there\?/ });
  });
});

describe("a message that joins a turn", { timeout: patienceMs }, () => {
  for (const transport of ["http", "stdio"] as const) {
    it(`is left where that waits for a person since before (${transport})`, async () => {
      const client = await startBridge(transport);
      await client.createSession("s", { agent: "mock" });
      const asked = (await new Reader(client.streamTurn("s", { message: "gate ls" })).rest()).at(-1);
      assert.equal(asked?.type, "permission.requested");
      const joined = await new Reader(client.streamTurn("s", { message: "hello", onBusy: "steer" })).rest();
      assert.ok(joined.every((event) => event.turn_id === asked?.turn_id && event.type !== "turn.ended"));
      assert.equal((await client.getSession("s")).status, "waiting");
    });
  }
});

describe("a reader that is slow", { timeout: patienceMs }, () => {
  for (const transport of ["http", "stdio"] as const) {
    it(`gets everything over ${transport}, and holds up nobody`, async () => {
      const client = await startBridge(transport);
      await client.createSession("s", { agent: "mock" });
      const slow = new Reader(client.streamEvents("s"));
      await slow.until("session.started");
      // While it reads nothing, the session runs to its end and calls are answered.
      const quick = await new Reader(client.streamTurn("s", { message: "flood 12000 300" })).rest();
      assert.ok(isGapless(quick, quick[0]?.sequence), "the quick one missed something");
      assert.equal((await client.getSession("s")).status, "idle");
      await slow.until("turn.ended");
      assert.ok(slow.events.length > 12_000);
      assert.ok(isGapless(slow.events), "the slow one missed something");
      await slow.close();
    });
  }
});

/** frames is a stream that ends after events of these types, whole unless there is a rest. */
function frames(types: string[], rest = ""): Response {
  const events = types.map((type, index) => `data: ${JSON.stringify({ type, sequence: index + 1, turn_id: "turn_1", data: { permission_id: "permission_1" } })}\n\n`);
  return new Response(events.join("") + rest, { headers: { "Content-Type": "text/event-stream" } });
}
