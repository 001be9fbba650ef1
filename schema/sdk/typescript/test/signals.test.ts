// A signal may end as much at once as a program has under way.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { patienceMs, Reader, startBridge, transports } from "./harness.js";

describe("a signal that many wait for", { timeout: patienceMs }, () => {
  for (const transport of transports) {
    it(`ends all of them, and nothing warns of a leak (${transport})`, async () => {
      const warnings: Error[] = [];
      const warned = (warning: Error) => {
        if (warning.name === "MaxListenersExceededWarning") warnings.push(warning);
      };
      process.on("warning", warned);
      const client = await startBridge(transport);
      await client.createSession("s", { agent: "mock" });
      const control = new AbortController();
      const reason = new Error("that is enough");
      const streams = Array.from({ length: 30 }, () => new Reader(client.streamEvents("s", {}, control.signal)));
      await Promise.all(streams.map((stream) => stream.until("session.started")));
      const rests = Promise.allSettled(streams.map((stream) => stream.rest()));
      control.abort(reason);
      assert.deepEqual(new Set((await rests).map((rest) => rest.status === "rejected" && rest.reason)), new Set([reason]));

      // One that is left takes nothing from the others.
      const other = new AbortController();
      const stays = new Reader(client.streamEvents("s", {}, other.signal));
      const leaves = new Reader(client.streamEvents("s", {}, other.signal));
      await Promise.all([stays.until("session.started"), leaves.until("session.started")]);
      await leaves.close();
      const rest = assert.rejects(stays.rest(), reason);
      other.abort(reason);
      await rest;
      process.off("warning", warned);
      assert.deepEqual(warnings, []);
    });
  }
});
