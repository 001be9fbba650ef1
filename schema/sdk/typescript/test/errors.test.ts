// What can go wrong before a bridge answers, and after.
import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { after, describe, it } from "node:test";

import { SandboxAgent, SandboxAgentError } from "sandbox-agent";

import { CuttingProxy, patienceMs, Reader, startBridge, temporaryFolder, transports } from "./harness.js";

describe("a program that can't be started", { timeout: patienceMs }, () => {
  for (const transport of transports) {
    const start = (spawn: object) => SandboxAgent.start({ transport, spawn: { log: "silent", ...spawn } });

    it(`is missing (${transport})`, async () => {
      await assert.rejects(start({ binaryPath: "/nowhere/sandbox-agent" }), { kind: "not_found", message: /\/nowhere\/sandbox-agent/ });
    });

    it(`is found nowhere (${transport})`, async () => {
      const { SANDBOX_AGENT_BIN: binary, PATH: path } = process.env;
      try {
        process.env["SANDBOX_AGENT_BIN"] = "/nowhere/else";
        process.env["PATH"] = "";
        await assert.rejects(start({}), { kind: "not_found", message: /SANDBOX_AGENT_BIN \(there is no file \/nowhere\/else\), install @sandbox-agent\/cli-/ });
      } finally {
        process.env["SANDBOX_AGENT_BIN"] = binary;
        process.env["PATH"] = path;
      }
    });

    it(`is another one in the PATH (${transport})`, async () => {
      const { SANDBOX_AGENT_BIN: binary, PATH: path } = process.env;
      const program = await script("echo from the PATH >&2; exit 5");
      try {
        delete process.env["SANDBOX_AGENT_BIN"];
        process.env["PATH"] = `${dirname(program)}${delimiter}${path}`;
        await assert.rejects(start({}), { kind: "stream_error", message: /ended with code 5: from the PATH/ });
      } finally {
        process.env["SANDBOX_AGENT_BIN"] = binary;
        process.env["PATH"] = path;
      }
    });

    it(`is another program (${transport})`, async () => {
      const program = await script('echo "what is it?" >&2; echo hello; exit 3');
      await assert.rejects(start({ binaryPath: program }), (error) => {
        assert.ok(error instanceof SandboxAgentError);
        assert.equal(error.kind, "stream_error");
        assert.match(error.message, /no sandbox-agent: it said "hello"|ended with code 3: what is it\?/);
        return true;
      });
    });

    it(`says nothing (${transport})`, async () => {
      const program = await script("exec sleep 600");
      await assert.rejects(start({ binaryPath: program, timeoutMs: 300 }), { kind: "timeout", message: /within 300 ms/ });
    });

    it(`is not to be started (${transport})`, async () => {
      await assert.rejects(SandboxAgent.start({ transport, spawn: false }), { kind: "invalid_request", message: /SandboxAgent\.connect/ });
      await assert.rejects(start({ enabled: false }), { kind: "invalid_request" });
    });
  }

  it("speaks another version of the protocol", async () => {
    const answer = { jsonrpc: "2.0", id: 1, result: { protocolVersion: "2", serverInfo: { name: "sandbox-agent", version: "9" }, limits: {} } };
    const program = await script(`read line; echo '${JSON.stringify(answer)}'; cat >/dev/null`);
    await assert.rejects(SandboxAgent.start({ transport: "stdio", spawn: { binaryPath: program } }), { kind: "not_supported", message: /version 2 .* version 1/ });
  });

  it("repeats what it hears", async () => {
    const program = await script("exec cat");
    await assert.rejects(SandboxAgent.start({ transport: "stdio", spawn: { binaryPath: program } }), { kind: "stream_error", message: /no sandbox-agent/ });
  });

  it("is given its port back by nobody", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    after(() => server.close());
    const { port } = server.address() as AddressInfo;
    await assert.rejects(SandboxAgent.start({ spawn: { port, log: "silent" } }), { kind: "stream_error", message: /already in use/ });
    await assert.rejects(SandboxAgent.start({ spawn: { port: 99999, log: "silent" } }), { kind: "invalid_request", message: /99999, which is no port/ });
  });

  it("is not another server that has its port", async () => {
    const other = await startBridge("http", { spawn: { args: ["--no-token"] } });
    const port = Number(new URL(other.baseUrl!).port);
    await assert.rejects(SandboxAgent.start({ spawn: { port, log: "silent" } }), { kind: "stream_error", message: /already in use/ });
  });
});

describe("a server that can't be used", { timeout: patienceMs }, () => {
  it("is not there", async () => {
    const url = await serve(() => undefined, { closed: true });
    const client = await SandboxAgent.connect({ baseUrl: url });
    const refused = { kind: "stream_error", status: 0, message: /ECONNREFUSED.*is sandbox-agent server running there\?/ };
    await assert.rejects(client.listAgents(), refused);
    await assert.rejects(client.streamEvents("s").next(), refused);
    await assert.rejects(client.readFsFile({ path: "/" }), refused);
  });

  it("wants another token", async () => {
    const server = await startBridge("http");
    for (const token of [undefined, "wrong"]) {
      const client = await SandboxAgent.connect({ baseUrl: server.baseUrl!, token });
      await assert.rejects(client.listSessions(), { kind: "token_invalid", status: 401, message: /missing or invalid token/ });
      assert.equal((await client.getHealth()).status, "ok");
    }
  });

  it("is somebody else's", async () => {
    for (const [status, type, body] of [[404, "text/html", "<h1>Not here</h1>"], [200, "text/html", "<h1>Welcome</h1>"], [404, "application/json", '{"error":"no"}']] as const) {
      const client = await SandboxAgent.connect({
        baseUrl: await serve((_, response) => response.writeHead(status, { "Content-Type": type }).end(body)),
      });
      const stranger = { kind: "stream_error", status, message: /no sandbox-agent server, or speaks another version/ };
      await assert.rejects(client.listAgents(), stranger);
      await assert.rejects(client.streamEvents("s").next(), stranger);
      await assert.rejects(client.readFsFile({ path: "x" }), stranger);
    }
  });

  it("has no address", async () => {
    for (const baseUrl of ["", "localhost:2468", "http://"]) {
      await assert.rejects(SandboxAgent.connect({ baseUrl }), { kind: "invalid_request", message: /http:\/\/127\.0\.0\.1:2468/ });
    }
    await assert.rejects(SandboxAgent.connect({} as { baseUrl: string }), { kind: "invalid_request" });
  });

  it("is asked for what no URL can carry", async () => {
    const client = await SandboxAgent.connect({ baseUrl: "http://127.0.0.1:2468", fetch: () => assert.fail("a request was made") });
    for (const id of ["", ".", ".."]) {
      await assert.rejects(client.deleteSession(id), { kind: "invalid_request", message: /sessionId/ });
    }
  });

  it("ends a stream in the middle of an event, once and again", async () => {
    const event = (sequence: number) => JSON.stringify({ sequence, type: sequence === 3 ? "session.ended" : "error", data: {} });
    const bodies = [`id: 1\ndata: ${event(1)}\n\nid: 2\ndata: ${event(2).slice(0, 9)}`, `id: 2\ndata: ${event(2)}\n\n:\n\ndata`, `data: ${event(3)}\n\n`];
    const asked: (string | null)[] = [];
    const client = await SandboxAgent.connect({
      baseUrl: await serve((request, response) => {
        asked.push(new URL(request.url!, "http://x").searchParams.get("offset"));
        response.writeHead(200, { "Content-Type": "text/event-stream" }).end(bodies.shift());
      }),
    });
    const events = await new Reader(client.streamEvents("s")).rest();
    assert.deepEqual(events.map((e) => e.sequence), [1, 2, 3]);
    assert.deepEqual(asked, ["0", "1", "2"]);
  });

  it("is restarted, and has forgotten the session", async () => {
    const server = await startBridge("http");
    const another = await startBridge("http", { spawn: { token: server.token } });
    await server.createSession("s", { agent: "mock" });
    let base = server.baseUrl!;
    const client = await SandboxAgent.connect({
      baseUrl: "http://either.invalid", token: server.token,
      fetch: (url, init) => fetch(String(url).replace("http://either.invalid", base), init),
    });
    const proxy = new CuttingProxy(server.baseUrl!, []);
    base = await proxy.listen();
    const stream = new Reader(client.streamEvents("s"));
    await stream.until("session.started");
    const rest = stream.rest();
    base = another.baseUrl!;
    proxy.close();
    await assert.rejects(rest, { kind: "session_not_found" });
  });
});

for (const transport of transports) {
  describe(`a bridge that ends (${transport})`, { timeout: patienceMs }, () => {
    it("ends what is under way, and answers no more", async () => {
      const client = await startBridge(transport);
      await client.createSession("s", { agent: "mock" });
      const stream = new Reader(client.streamEvents("s"));
      await stream.until("session.started");
      const rest = stream.until("turn.ended");
      const watch = client.watchSessions().next();
      const over = { kind: "invalid_request", message: /disposed/ };
      const ended = [assert.rejects(rest, over), assert.rejects(watch, over)];
      await client.dispose();
      await client.dispose();
      await Promise.all(ended);
      await assert.rejects(client.getHealth(), over);
      await assert.rejects(client.streamEvents("s").next(), over);
      await assert.rejects(client.streamTurn("s", { message: "x" }).next(), over);
      await assert.rejects(client.readFsFile({ path: "x" }), over);
      await assert.rejects(client.getEventsSse("s"), over);
    });

    it("is killed", async () => {
      const folder = await temporaryFolder();
      const pidFile = join(folder, "pid");
      const program = await script(`echo $$ > '${pidFile}'; exec '${process.env["SANDBOX_AGENT_BIN"]}' "$@"`);
      const client = await startBridge(transport, { spawn: { binaryPath: program } });
      await client.createSession("s", { agent: "mock" });
      const stream = new Reader(client.streamEvents("s"));
      await stream.until("session.started");
      const killed = { kind: "stream_error", message: /ended with SIGKILL/ };
      const rest = assert.rejects(stream.rest(), killed);
      process.kill(Number(await readFile(pidFile, "utf8")), "SIGKILL");
      await rest;
      await assert.rejects(client.getHealth(), killed);
    });
  });
}

it("has no raw answers over stdio", async () => {
  const client = await startBridge("stdio");
  await client.createSession("s", { agent: "mock" });
  await assert.rejects(client.getEventsSse("s"), { kind: "not_supported", message: /use streamEvents or streamTurn/ });
  await assert.rejects(client.postMessageStream("s", { message: "x" }), { kind: "not_supported" });
  await assert.rejects(client.call("sessions/unsubscribe", { subscriptionId: "sub_99" }), { kind: "invalid_request" });
  const server = await startBridge("http");
  await assert.rejects(server.call("shutdown", {}), { kind: "not_supported", message: /transport "stdio"/ });
});

it("takes no session without an id for all of them", async () => {
  for (const transport of transports) {
    const client = await startBridge(transport);
    await client.createSession("s", { agent: "mock" });
    const nameless = { kind: "invalid_request", message: /need its id; watchSessions/ };
    await assert.rejects(client.streamEvents("").next(), nameless);
    await assert.rejects(client.getEventsSse(""), nameless);
  }
});

it("makes no call of what is a stream or a file", async () => {
  const client = await startBridge("http");
  const call = client.call.bind(client) as (method: string, params: object) => Promise<unknown>;
  await assert.rejects(call("sessions/subscribe", { sessionId: "s" }), { kind: "not_supported", message: /use streamEvents/ });
  await assert.rejects(call("fs/write", { path: "x", content: "" }), { kind: "not_supported", message: /use writeFsFile/ });
});

it("refuses a message that is larger than the bridge reads", async () => {
  const client = await startBridge("stdio");
  await client.createSession("s", { agent: "mock" });
  await assert.rejects(client.postMessage("s", { message: "x".repeat(65 << 20) }), { kind: "payload_too_large" });
  assert.equal((await client.getHealth()).status, "ok");
});

async function script(body: string): Promise<string> {
  const folder = join(await temporaryFolder(), "bin");
  await mkdir(folder);
  const path = join(folder, "sandbox-agent");
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

/** serve is an HTTP server of the test; closed, its address has nobody. */
async function serve(listener: RequestListener, { closed = false } = {}): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  if (closed) await new Promise((resolve) => server.close(resolve));
  else after(() => server.close());
  return `http://127.0.0.1:${port}`;
}
