// A bridge ends with the process that started it, however that ends.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";

import { patienceMs, temporaryFolder, transports } from "./harness.js";

/** A program that starts a bridge, says so, and does what else is given, some of it first. */
function program(options: string, then: string, first = ""): string {
  return `
    import { SandboxAgent } from "sandbox-agent";
    ${first}
    const client = await SandboxAgent.start(${options});
    await client.createSession("s", { agent: "mock" });
    console.log(client.baseUrl ?? "started");
    ${then}
  `;
}

/** run starts a program, as the head of a process group, and waits for what it says first. */
async function run(source: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, ...env }, detached: true,
  });
  const gone = new Promise<NodeJS.Signals | number | null>((resolve) => child.once("close", (code, signal) => resolve(signal ?? code)));
  const said = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
  return { child, gone, said };
}

/** untilRefused waits until nobody serves an address any more. */
async function untilRefused(url: string): Promise<void> {
  for (;;) {
    try {
      await fetch(`${url}/v1/health`);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const stay = "setInterval(() => undefined, 1000);";

describe("a server that was started", { timeout: patienceMs }, () => {
  it("ends when its process exits", async () => {
    const { gone, said } = await run(program("", "process.exit(3);"));
    assert.equal(await gone, 3);
    await untilRefused(said);
  });

  it("ends when its process fails", async () => {
    const { gone, said } = await run(program("", "throw new Error('on purpose');"));
    assert.notEqual(await gone, 0);
    await untilRefused(said);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`ends with its process by ${signal}`, async () => {
      const { child, gone, said } = await run(program("", stay));
      child.kill(signal);
      assert.equal(await gone, signal);
      await untilRefused(said);
    });
  }

  it("ends even with a process that is killed", async () => {
    const { child, gone, said } = await run(program("", stay));
    child.kill("SIGKILL");
    assert.equal(await gone, "SIGKILL");
    await untilRefused(said);
  });

  it("leaves a process that handles signals to itself", async () => {
    const { child, gone } = await run(program("", stay, 'process.on("SIGTERM", () => void client.dispose().then(() => process.exit(7)));'));
    child.kill("SIGTERM");
    assert.equal(await gone, 7);
  });

  it("leaves it to others who clean up whether a signal ends the process", async () => {
    const cleanUp = `process.on("SIGTERM", function clean() {
      if (process.listenerCount("SIGTERM") > 1) return; // somebody else ends it
      process.off("SIGTERM", clean);
      process.kill(process.pid, "SIGTERM");
    });`;
    const { child, gone, said } = await run(program("", stay, cleanUp));
    child.kill("SIGTERM");
    assert.equal(await gone, "SIGTERM");
    await untilRefused(said);
  });

  for (const transport of transports) {
    it(`outlives a Ctrl-C that its process takes to interrupt a turn (${transport})`, async () => {
      const { gone } = await run(program(`{ transport: "${transport}" }`, `
        let interrupted;
        process.once("SIGINT", () => (interrupted = client.interruptSession("s")));
        for await (const event of client.streamTurn("s", { message: "wait" })) {
          if (event.type === "turn.started") process.kill(-process.pid, "SIGINT"); // as a terminal does
          if (event.type === "turn.ended") process.exitCode = event.data.stop_reason === "interrupted" ? 7 : 8;
        }
        await interrupted;
        await client.dispose();
      `));
      assert.equal(await gone, 7);
    });
  }

  it("lets its process end once it is disposed", async () => {
    const { gone } = await run(program("", "await client.dispose();"));
    assert.equal(await gone, 0);
  });
});

describe("a bridge over stdio", { timeout: patienceMs }, () => {
  it("ends even with a process that is killed", async () => {
    const folder = await temporaryFolder();
    const wrapper = join(folder, "wrapper");
    await writeFile(wrapper, `#!/bin/sh\n"$REAL" "$@"\necho $? > '${folder}/ended'\n`);
    await chmod(wrapper, 0o755);
    const { child, gone } = await run(program('{ transport: "stdio" }', stay), { REAL: process.env["SANDBOX_AGENT_BIN"]!, SANDBOX_AGENT_BIN: wrapper });
    child.kill("SIGKILL");
    assert.equal(await gone, "SIGKILL");
    while (!existsSync(join(folder, "ended"))) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it("lets its process end once it is disposed", async () => {
    const { gone } = await run(program('{ transport: "stdio" }', "await client.dispose();"));
    assert.equal(await gone, 0);
  });
});
