// Connecting needs nothing that a browser hasn't.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

import { build } from "esbuild";

import { patienceMs, startBridge } from "./harness.js";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

describe("in a browser", { timeout: patienceMs }, () => {
  it("nothing imports a module of Node.js", async () => {
    const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { imports: Record<string, { default: string }> };
    const seen = new Set<string>();
    const visit = async (file: string): Promise<void> => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, imported] of (await readFile(file, "utf8")).matchAll(/(?:from|import\()\s*"([^"]+)"/g)) {
        if (imported!.startsWith("#")) await visit(join(root, manifest.imports[imported!]!.default));
        else if (imported!.startsWith("./")) await visit(join(dirname(file), imported!));
        else assert.fail(`${file} imports ${imported}`);
      }
    };
    await visit(join(root, "dist/index.js"));
    assert.ok(seen.has(join(root, "dist/http.js")) && !seen.has(join(root, "dist/spawn.js")));
  });

  it("a bundle drives a session with what the web platform has", async () => {
    const { outputFiles } = await build({
      stdin: { contents: 'export * from "sandbox-agent"', resolveDir: join(root, "build") },
      bundle: true, platform: "browser", format: "iife", globalName: "sdk", write: false, logLevel: "silent",
    });
    const bridge = await startBridge("http");
    // The globals of a page without TLS, and nothing of Node.js.
    const web = {
      fetch, URL, URLSearchParams, TextDecoder, TextEncoder, AbortController, AbortSignal, ReadableStream, Response, Blob, setTimeout, clearTimeout,
      crypto: { getRandomValues: crypto.getRandomValues.bind(crypto) },
    };
    const page = vm.createContext({ ...web, baseUrl: bridge.baseUrl, token: bridge.token });
    vm.runInContext(outputFiles[0]!.text, page);
    const result: unknown = await vm.runInContext(`(async () => {
      const client = await sdk.SandboxAgent.connect({ baseUrl, token });
      await client.createSession("page", { agent: "mock" });
      const types = [];
      for await (const event of client.streamTurn("page", { message: "echo hello" })) types.push(event.type);
      await client.writeFsFile({ path: "/dev/null/x" }, "x").catch((error) => types.push(error.kind));
      await sdk.SandboxAgent.start().catch((error) => types.push(error.kind));
      await client.dispose();
      return types.join(" ");
    })()`, page);
    assert.equal(result, "turn.started item.started item.completed item.started item.delta item.completed turn.ended stream_error not_supported");
  });
});
