// The client has a method for every method that the bridge has on HTTP.
import assert from "node:assert/strict";
import { it } from "node:test";

import { SandboxAgent } from "sandbox-agent";

import { routes } from "../dist/routes.js";

it("every method of the table is made by a method of the client", async () => {
  const made = new Set<string>();
  const client = await SandboxAgent.connect({
    baseUrl: "http://bridge.invalid",
    fetch: async (url, init) => {
      made.add(`${init!.method} ${new URL(String(url)).pathname}`);
      const wanted = new Headers(init!.headers).get("Accept")!;
      return new Response(wanted === "text/event-stream" ? "data: {}\n\n" : "{}", { headers: { "Content-Type": wanted } });
    },
  });
  await client.getHealth();
  await client.listAgents();
  await client.installAgent("agent");
  await client.getAgentModes("agent");
  await client.getAgentModels("agent");
  await client.listSessions();
  await client.createSession("sessionId", { agent: "agent" });
  await client.createSession({ agent: "agent" });
  await client.getSession("sessionId");
  await client.updateSession("sessionId", { title: "x" });
  await client.postMessage("sessionId", { message: "x" });
  await client.streamTurn("sessionId", { message: "x" }).next();
  await client.interruptSession("sessionId");
  await client.terminateSession("sessionId");
  await client.deleteSession("sessionId");
  await client.getEvents("sessionId");
  await client.getEventsSse("sessionId");
  await client.watchSessions().next();
  await client.replyQuestion("sessionId", "questionId", { answers: [] });
  await client.rejectQuestion("sessionId", "questionId");
  await client.replyPermission("sessionId", "permissionId", { reply: "once" });
  await client.listFsEntries();
  await client.readFsFile({ path: "x" });
  await client.writeFsFile({ path: "x" }, "x");
  await client.deleteFsEntry({ path: "x" });
  await client.mkdirFs({ path: "x" });
  await client.moveFs({ from: "x", to: "y" });
  await client.statFs({ path: "x" });
  await client.uploadFsBatch("x");
  await client.getSchema();

  const wanted = Object.values(routes).flatMap(({ verb, paths }) => paths.map((path) => `${verb} ${path.replaceAll(/[{}]/g, "")}`));
  assert.deepEqual([...made].sort(), wanted.sort());
});
