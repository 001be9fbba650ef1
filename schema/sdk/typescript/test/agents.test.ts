// The same session with the real Claude Code, whose model is scripted.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";

import { SandboxAgent } from "sandbox-agent";

import { agentPatienceMs, CuttingProxy, isGapless, Reader, startBridge, temporaryFolder, textsOf, transports } from "./harness.js";

/** scenario is a message that names what the scripted model does. */
function scenario(name: string, params?: object): string {
  return `SCENARIO:${name}${params ? ` ${JSON.stringify(params)}` : ""}`;
}

for (const transport of transports) {
  describe(`Claude Code over ${transport}`, { timeout: agentPatienceMs }, () => {
    it("talks, asks, is interrupted and remembers", async () => {
      const client = await startBridge(transport);
      const directory = await temporaryFolder();
      const { sessionId } = await client.createSession({ agent: "claude", directory });
      const proxy = transport === "http" ? new CuttingProxy(client.baseUrl!, [2003, 4001, 6007, 501, 9001, 12_007]) : undefined;
      const reader = proxy ? await SandboxAgent.connect({ baseUrl: await proxy.listen(), token: client.token }) : client;
      const stream = new Reader(reader.streamEvents(sessionId));

      await client.postMessage(sessionId, { message: scenario("text") });
      await stream.until("turn.ended");
      assert.deepEqual(textsOf(stream.events), ["Hello from the scripted model."]);

      await client.postMessage(sessionId, { message: scenario("bash", { command: "echo allowed > allowed.txt" }) });
      const asked = await stream.until("permission.requested");
      assert.equal(asked.data.tool_kind, "execute");
      await client.replyPermission(sessionId, asked.data.permission_id, { reply: "once" });
      await assert.rejects(client.replyPermission(sessionId, asked.data.permission_id, { reply: "once" }), { kind: "invalid_request" });
      await stream.until("turn.ended");
      assert.equal(await readFile(join(directory, "allowed.txt"), "utf8"), "allowed\n");

      await client.postMessage(sessionId, { message: scenario("bash", { command: "echo refused > refused.txt" }) });
      const refused = await stream.until("permission.requested");
      await client.replyPermission(sessionId, refused.data.permission_id, { reply: "reject", message: "not today" });
      await stream.until("turn.ended");
      await assert.rejects(readFile(join(directory, "refused.txt")), { code: "ENOENT" });

      await client.postMessage(sessionId, { message: scenario("ask_one") });
      const question = await stream.until("question.requested");
      await client.replyQuestion(sessionId, question.data.question_id, { answers: [[question.data.options[0]!]] });
      const answered = await stream.until("question.resolved");
      assert.equal(answered.data.response, question.data.options[0]);
      await stream.until("turn.ended");

      await client.updateSession(sessionId, { permissionMode: "bypass" });
      await client.postMessage(sessionId, { message: scenario("bash", { command: "while true; do sleep 1; done" }) });
      await stream.until("item.started", (event) => event.data.item.kind === "tool_call");
      await client.interruptSession(sessionId);
      assert.equal((await stream.until("turn.ended")).data.stop_reason, "interrupted");

      const native = (await client.getSession(sessionId)).nativeSessionId;
      await client.terminateSession(sessionId);
      assert.ok(isGapless(await stream.rest()), "the stream has gaps");
      if (proxy) assert.ok(proxy.cuts >= 4, `the connection was cut ${proxy.cuts} times`);
      await assert.rejects(client.postMessage(sessionId, { message: "hello?" }), { kind: "session_ended" });

      const resumed = await client.createSession({ agent: "claude", directory, resume: native! });
      const turn = await new Reader(client.streamTurn(resumed.sessionId, { message: scenario("count") })).rest();
      // The scripted model counts the messages of the conversation that it is shown.
      assert.ok(Number(/\d+/.exec(textsOf(turn).join())?.[0]) > 5, textsOf(turn).join());
    });
  });
}
