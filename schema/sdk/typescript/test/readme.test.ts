// The examples of the README, as scripts/examples.mjs has made programs of them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { agentPatienceMs, startBridge, temporaryFolder } from "./harness.js";

const examples = join(dirname(fileURLToPath(import.meta.url)), "examples");

/** What they print, in their order. */
const printed = [
  /^Let me do that\.\n→ [^]+\nThe tool has run\.\nend_turn \d+\n$/,
  /^\[[^]*'claude \d+\.[^]*'mock builtin'[^]*\]\n$/,
  /^1 session\.started\n[^]*\d+ turn\.ended\n$/,
  /^session_not_found 404 session not found: nowhere; [^\n]+\n$/,
  /^# Notes\n\n0\n$/,
];

describe("the README", { timeout: agentPatienceMs }, () => {
  it("has as many examples", async () => {
    assert.equal((await readdir(examples)).length, printed.length);
  });

  for (const [index, wanted] of printed.entries()) {
    it(`example ${index + 1}`, async () => {
      const server = await startBridge("http");
      const project = await temporaryFolder();
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(examples, `${index + 1}.js`)], {
        env: { ...process.env, BASE_URL: server.baseUrl, TOKEN: server.token, PROJECT: project },
      });
      assert.match(stdout, wanted);
      assert.equal(stderr, "");
      if (index === 0) assert.equal(await readFile(join(project, "tests.txt"), "utf8"), "passed\n");
    });
  }
});
