// Writes the TypeScript examples of the README as programs that the tests
// compile and run. What differs on the reader's machine is put in: the address
// of the server, the folder, and for the scripted model what it is to do.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const replacements = [
  ['"http://127.0.0.1:2468"', 'process.env.BASE_URL!'],
  ['"/project"', "process.env.PROJECT!"],
  ['"/project/notes.md"', '`${process.env.PROJECT}/notes.md`'],
  ['"Run the tests."', `'SCENARIO:bash {"command":"echo passed > tests.txt"}'`],
];

const readme = await readFile(join(root, "README.md"), "utf8");
const folder = join(root, "test/examples");
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
let number = 0;
for (const [, code] of readme.matchAll(/^```ts\n([^]*?)^```$/gm)) {
  const program = replacements.reduce((text, [from, to]) => text.replaceAll(from, to), code);
  await writeFile(join(folder, `${++number}.ts`), program);
}
