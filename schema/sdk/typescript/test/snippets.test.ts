// The calls that clients of the v0.1 API make, as they make them. Only the
// address is another one, since the test can't have a port of its own choice.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";

import { buildInspectorUrl, SandboxAgent, type UniversalEvent } from "sandbox-agent";

import { agentPatienceMs, Reader, startBridge } from "./harness.js";

describe("the calls of the v0.1 SDK", { timeout: agentPatienceMs }, () => {
  it("drive a session of Codex", async () => {
    const started = await SandboxAgent.start();
    after(() => started.dispose());
    const { baseUrl, token } = started;
    const client = await SandboxAgent.connect({ baseUrl: baseUrl!, token });

    const agents = await client.listAgents();
    assert.deepEqual(agents.agents.map((agent) => agent.id), ["claude", "codex", "opencode", "amp", "mock"]);

    await client.createSession("demo", {
      agent: "codex",
      agentMode: "default",
      permissionMode: "plan",
    });

    await client.postMessage("demo", { message: "SCENARIO:text" });

    const types = new Set<string>();
    const texts: string[] = [];
    for await (const event of client.streamEvents("demo", { offset: 0 })) {
      types.add(event.type);
      if (event.type === "item.completed" && event.data.item.role === "assistant") {
        for (const part of event.data.item.content) if (part.type === "text") texts.push(part.text);
      }
      if (event.type === "turn.ended") break;
    }
    assert.deepEqual(texts, ["Hello from the scripted model."]);
    assert.ok(types.has("session.started"));
    await client.terminateSession("demo");
    await client.dispose();
    assert.equal((await started.getHealth()).status, "ok", "a client that connected ended the server");
  });

  it("have all the names and arguments", async () => {
    const client = await startBridge("http");
    assert.deepEqual(await client.getHealth(), { status: "ok" });
    await client.installAgent("mock");
    await client.installAgent("mock", { reinstall: true });
    assert.deepEqual((await client.getAgentModes("mock")).modes.map((mode) => mode.id), ["build", "plan"]);
    assert.equal((await client.getAgentModels("mock")).defaultModel, "mock");
    await client.createSession("a/b ?", { agent: "mock" });
    assert.equal((await client.listSessions()).sessions[0]?.sessionId, "a/b ?");

    const turn = await client.postMessageStream("a/b ?", { message: "gate ls" }, { includeRaw: true });
    assert.match(await turn.text(), /"type":"permission.requested"/);
    const { pendingPermissions } = await client.getSession("a/b ?");
    await client.replyPermission("a/b ?", pendingPermissions![0]!.permission_id, { reply: "always" });

    const stop = new AbortController();
    const sse = await client.getEventsSse("a/b ?", { offset: 1 }, stop.signal);
    assert.equal(sse.headers.get("content-type"), "text/event-stream");
    const reader = sse.body!.getReader();
    assert.match(new TextDecoder().decode((await reader.read()).value), /^id: 2\ndata: \{"event_id":"evt_2"/);
    stop.abort();
    await assert.rejects(reader.read(), { name: "AbortError" });

    const asking: UniversalEvent[] = await new Reader(client.streamTurn("a/b ?", { message: "ask" }, { includeRaw: false })).rest();
    const asked = asking.at(-1);
    assert.ok(asked?.type === "question.requested");
    await client.rejectQuestion("a/b ?", asked.data.question_id);
    assert.ok((await client.getEvents("a/b ?", { offset: 0, limit: 2, includeRaw: true })).hasMore);
    await client.terminateSession("a/b ?");
  });

  it("make the address of the inspector", async () => {
    assert.equal(buildInspectorUrl({ baseUrl: "http://127.0.0.1:2468/" }), "http://127.0.0.1:2468/ui/");
    assert.equal(
      buildInspectorUrl({ baseUrl: "https://box.example", token: "a b", headers: { "X-Proxy": "1" } }),
      "https://box.example/ui/?token=a+b&headers=%7B%22X-Proxy%22%3A%221%22%7D",
    );
  });
});
