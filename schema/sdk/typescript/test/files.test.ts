// Files of the bridge's machine, over both transports.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";

import { patienceMs, startBridge, temporaryFolder, transports } from "./harness.js";

for (const transport of transports) {
  describe(`files over ${transport}`, { timeout: patienceMs }, () => {
    it("are written, read, listed, moved and deleted", async () => {
      const client = await startBridge(transport);
      const directory = await temporaryFolder();
      await client.createSession("s", { agent: "mock", directory });
      const at = (path: string) => ({ sessionId: "s", path });

      const written = await client.writeFsFile(at("notes/grüße.txt"), "Grüße, 世界");
      assert.deepEqual(written, { path: join(directory, "notes/grüße.txt"), bytesWritten: 15 });
      assert.equal(new TextDecoder().decode(await client.readFsFile(at("notes/grüße.txt"))), "Grüße, 世界");
      assert.equal(new TextDecoder().decode(await client.readFsFile({ ...at("notes/grüße.txt"), offset: 2, length: 4 })), "üß");
      const bodies = [new Uint8Array([1, 2, 3]), new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 4), new Blob([new Uint8Array([1, 2, 3])]), new Uint8Array([1, 2, 3]).buffer, new Blob([new Uint8Array([1, 2, 3])]).stream()];
      for (const body of bodies) {
        await client.writeFsFile(at("bytes"), body);
        assert.deepEqual([...(await readFile(join(directory, "bytes")))], [1, 2, 3]);
      }
      await client.writeFsFile(at("empty"), "");
      assert.equal((await client.readFsFile(at("empty"))).length, 0);

      for (const piece of [{ offset: 99 }, { offset: 1, length: 0 }, { offset: 15, length: 1 }]) {
        assert.equal((await client.readFsFile({ ...at("notes/grüße.txt"), ...piece })).length, 0);
      }
      for (const piece of [{ offset: -1 }, { length: -1 }, { offset: 0.5 }]) {
        await assert.rejects(client.readFsFile({ ...at("notes/grüße.txt"), ...piece }), { kind: "invalid_request", message: /whole numbers that are not negative/ });
      }

      await client.mkdirFs(at("folder"));
      assert.deepEqual(await client.moveFs({ from: "bytes", to: "folder/moved" }, { sessionId: "s" }), { from: join(directory, "bytes"), to: join(directory, "folder/moved") });
      const stat = await client.statFs(at("folder/moved"));
      assert.deepEqual([stat.entryType, stat.size], ["file", 3]);
      const entries = await client.listFsEntries({ sessionId: "s" });
      assert.deepEqual(entries.map((entry) => entry.name).sort(), ["empty", "folder", "notes"]);
      await assert.rejects(client.deleteFsEntry(at("folder")), { kind: "stream_error" });
      await client.deleteFsEntry({ ...at("folder"), recursive: true });
      await assert.rejects(client.readFsFile(at("folder/moved")), { kind: "invalid_request", message: /path not found/ });
    });

    it("may be large", async () => {
      const client = await startBridge(transport);
      const path = join(await temporaryFolder(), "large");
      const large = new Uint8Array(20_000_001).map((_, index) => index % 251);
      assert.equal((await client.writeFsFile({ path }, large)).bytesWritten, large.length);
      assert.ok(Buffer.from(large).equals(await readFile(path)));
      assert.ok(Buffer.from(large).equals(await client.readFsFile({ path })));
    });

    it("are unpacked", async () => {
      const client = await startBridge(transport);
      const directory = await temporaryFolder();
      const uploaded = await client.uploadFsBatch(tar("inside/hello.txt", "hello\n"), { path: directory });
      assert.deepEqual(uploaded.paths.at(-1), join(directory, "inside/hello.txt"));
      assert.equal(await readFile(join(directory, "inside/hello.txt"), "utf8"), "hello\n");
      await assert.rejects(client.uploadFsBatch(tar("../outside.txt", "no"), { path: directory }), { kind: "invalid_request" });
    });
  });
}

/** tar is an archive of one file, as POSIX describes it. */
function tar(name: string, content: string): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const body = Buffer.alloc(512 * Math.ceil(content.length / 512));
  body.write(content);
  return new Uint8Array(Buffer.concat([header, body, Buffer.alloc(1024)]));
}
