// One session from its beginning to its end, over both transports.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { SandboxAgentError, type SessionInfo } from "sandbox-agent";

import { isGapless, patienceMs, Reader, startBridge, textsOf, transports } from "./harness.js";

for (const transport of transports) {
  describe(`a session over ${transport}`, { timeout: patienceMs }, () => {
    it("talks, asks, is interrupted, goes on and ends", async () => {
      const client = await startBridge(transport);
      const created = await client.createSession("demo", { agent: "mock", title: "Mission" });
      assert.deepEqual(created, { healthy: true, sessionId: "demo", nativeSessionId: "mock-demo" });
      const stream = new Reader(client.streamEvents("demo"));

      const sent = await client.postMessage("demo", { message: "echo Grüße, 世界 😀" });
      assert.equal(sent.turnId, "turn_1");
      assert.ok(sent.sequence >= 1);
      const echoed = await stream.until("turn.ended");
      assert.equal(echoed.data.stop_reason, "end_turn");
      assert.deepEqual(textsOf(stream.events), ["Grüße, 世界 😀"]);

      // A permission, given and refused.
      await client.postMessage("demo", { message: "gate ls" });
      const asked = await stream.until("permission.requested");
      assert.deepEqual(asked.data.options?.map((option) => option.kind), ["allow_once", "allow_always", "reject_once"]);
      const waiting = await client.getSession("demo");
      assert.equal(waiting.status, "waiting");
      assert.deepEqual(waiting.pendingPermissions?.map((request) => request.permission_id), [asked.data.permission_id]);
      await client.replyPermission("demo", asked.data.permission_id, { reply: "once" });
      assert.equal((await stream.until("permission.resolved")).data.status, "accept");
      await stream.until("turn.ended");
      await client.postMessage("demo", { message: "gate rm -r ." });
      const dangerous = await stream.until("permission.requested");
      await client.replyPermission("demo", dangerous.data.permission_id, { reply: "reject", message: "not that" });
      const refused = await stream.until("permission.resolved");
      assert.deepEqual([refused.data.status, refused.data.message], ["reject", "not that"]);
      await stream.until("turn.ended");

      // Questions, answered and refused.
      await client.postMessage("demo", { message: "ask" });
      const question = await stream.until("question.requested");
      assert.deepEqual(question.data.questions?.map((q) => q.header), ["Color", "Toppings", "Name", "Password"]);
      await client.replyQuestion("demo", question.data.question_id, { answers: [["Red"], ["Cheese", "Basil"], ["Ada"], ["secret"]] });
      const answered = await stream.until("question.resolved");
      assert.deepEqual(answered.data.responses, [["Red"], ["Cheese", "Basil"], ["Ada"], ["********"]]);
      await stream.until("turn.ended");
      await client.postMessage("demo", { message: "ask" });
      const vain = await stream.until("question.requested");
      await client.rejectQuestion("demo", vain.data.question_id, { message: "no time" });
      assert.equal((await stream.until("question.resolved")).data.status, "rejected");
      await stream.until("turn.ended");

      // Interrupt: the call is answered once the turn has ended.
      const running = await client.postMessage("demo", { message: "wait" });
      await stream.until("turn.started", (event) => event.turn_id === running.turnId);
      await client.interruptSession("demo", { turnId: running.turnId });
      assert.equal((await client.getSession("demo")).status, "idle");
      assert.equal((await stream.until("turn.ended")).data.stop_reason, "interrupted");

      // Settings, while the session lives.
      await client.updateSession("demo", { title: "Renamed" });
      assert.equal((await stream.until("session.updated", (event) => event.data.title !== undefined)).data.title, "Renamed");

      await client.terminateSession("demo");
      const ended = await stream.until("session.ended");
      assert.deepEqual(ended.data, { reason: "terminated", terminated_by: "daemon" });
      assert.ok(isGapless(await stream.rest()), "the stream has gaps");
      const page = await client.getEvents("demo", { offset: 2, limit: 3 });
      assert.deepEqual([page.events.map((event) => event.sequence), page.hasMore], [[3, 4, 5], true]);

      // Another session remembers the conversation.
      const resumed = await client.createSession({ agent: "mock", resume: created.nativeSessionId! });
      const turn = new Reader(client.streamTurn(resumed.sessionId, { message: "recall" }));
      assert.match(textsOf(await turn.rest()).join(), /7/);
      assert.deepEqual((await client.listSessions()).sessions.map((session) => session.sessionId), [resumed.sessionId, "demo"]);
      await client.deleteSession("demo");
      await assert.rejects(client.getSession("demo"), { kind: "session_not_found", status: 404 });
    });

    it("follows a turn to its end, or to where a person is needed", async () => {
      const client = await startBridge(transport);
      await client.createSession("s", { agent: "mock" });
      const untilInput = await new Reader(client.streamTurn("s", { message: "gate ls" })).rest();
      assert.equal(untilInput.at(-1)?.type, "permission.requested");
      await client.interruptSession("s");

      const untilTurn = new Reader(client.streamTurn("s", { message: "gate ls" }, { until: "turn" }));
      const asked = await untilTurn.until("permission.requested");
      await client.replyPermission("s", asked.data.permission_id, { reply: "always" });
      const events = await untilTurn.rest();
      assert.equal(events.at(-1)?.type, "turn.ended");
      assert.ok(events.every((event) => event.turn_id === asked.turn_id));
    });

    it("watches all sessions", async () => {
      const client = await startBridge(transport);
      await client.createSession("watched", { agent: "mock" });
      const watch = client.watchSessions();
      // A watch tells what happens from when it is there: so something goes on happening.
      const first = watch.next().then(({ value }) => value);
      let seen: SessionInfo | void = undefined;
      for (let n = 1; !seen; n++) {
        await client.updateSession("watched", { title: `title ${n}` });
        seen = await Promise.race([first, new Promise<void>((resolve) => setImmediate(resolve))]);
      }
      assert.equal(seen.sessionId, "watched");
      await client.terminateSession("watched");
      for await (const session of watch) {
        if (session.status === "ended") break;
      }
    });

    it("ends calls and streams by their signals", async () => {
      const client = await startBridge(transport);
      await client.createSession("s", { agent: "mock" });
      const stop = new AbortController();
      const stream = new Reader(client.streamEvents("s", {}, stop.signal));
      await stream.until("session.started");
      const next = stream.until("session.ended");
      stop.abort(new Error("enough"));
      await assert.rejects(next, { message: "enough" });
      await assert.rejects(client.getSession("s", AbortSignal.abort(new Error("too late"))), { message: "too late" });

      // Leaving a loop ends the stream; the client goes on.
      for await (const event of client.streamEvents("s")) {
        if (event.type === "session.started") break;
      }
      assert.equal((await client.getHealth()).status, "ok");
    });

    it("ends a stream when its session is deleted", async () => {
      const client = await startBridge(transport);
      await client.createSession("s", { agent: "mock" });
      const stream = new Reader(client.streamEvents("s"));
      await stream.until("session.started");
      const rest = stream.rest();
      await client.deleteSession("s");
      assert.ok(isGapless(await rest));
    });

    it("gives the bridge's errors as they are", async () => {
      const client = await startBridge(transport);
      await client.createSession("s", { agent: "mock" });
      await assert.rejects(client.createSession("s", { agent: "mock" }), { kind: "session_already_exists", status: 409 });
      await assert.rejects(client.createSession("t", { agent: "nobody" }), { kind: "unsupported_agent", status: 400 });
      await assert.rejects(client.postMessage("nowhere", { message: "hello" }), { kind: "session_not_found", status: 404 });
      await assert.rejects(client.replyPermission("s", "none", { reply: "once" }), { kind: "invalid_request" });
      await assert.rejects(client.postMessage("s", {} as { message: string }), { kind: "unprocessable" });
      await assert.rejects(client.streamEvents("nowhere").next(), { kind: "session_not_found" });
      await client.postMessage("s", { message: "wait" });
      await assert.rejects(client.postMessage("s", { message: "echo", onBusy: "reject" }), (error) => {
        assert.ok(error instanceof SandboxAgentError && error instanceof Error);
        assert.deepEqual([error.name, error.kind, error.problem?.sessionId], ["SandboxAgentError", "session_busy", "s"]);
        return true;
      });
    });
  });
}
