// Writes src/types.ts and src/routes.ts from the exported schema:
//
//   node scripts/generate.mjs [--out DIR] [--schema DIR]
//
// The descriptions, names and unions are those of the export; nothing about a
// method or a type is said here.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { compile } from "json-schema-to-typescript";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values: options } = parseArgs({
  options: {
    out: { type: "string", default: join(root, "src") },
    schema: { type: "string", default: resolve(root, "../..") },
  },
});

const read = async (name) => JSON.parse(await readFile(join(options.schema, name), "utf8"));
const [schema, openapi, openrpc] = await Promise.all([read("schema.json"), read("openapi.json"), read("openrpc.json")]);

const banner = `// Generated from the exported schema ${schema.$id} by scripts/generate.mjs; do not edit.\n`;

/** The type that the compiler needs to see all others; it is left out. */
const wrapper = "EverythingThatIsDefined";

/** types are all definitions of the schema, and a table of the methods. */
async function types() {
  const everything = Object.fromEntries(Object.keys(schema.$defs).map((name) => [name, { $ref: `#/$defs/${name}` }]));
  const definitions = await compile({ type: "object", properties: everything, $defs: schema.$defs }, wrapper, {
    additionalProperties: false, // the bridge's objects are open; what a caller writes is checked
    bannerComment: "",
    style: { printWidth: 120 },
  });
  const named = (ref) => ref.$ref.split("/").at(-1);
  const methods = openrpc.methods.map((method) =>
    [
      `  /** ${method.summary} */`,
      `  ${JSON.stringify(method.name)}: { params: ${named(method["x-params"])}; result: ${named(method.result.schema)} };`,
    ].join("\n"),
  );
  return `${tidy(definitions)}
/**
 * Methods are the methods of a bridge, with what goes in and what comes out.
 */
export interface Methods {
${methods.join("\n")}
}
`;
}

/** tidy removes the wrapper, and comments that say nothing. */
function tidy(source) {
  return `\n${source.replace(new RegExp(`^export interface ${wrapper} \\{\n[^]*?^\\}\n`, "m"), "").trim()}\n`;
}

/** routes say which method is where on HTTP, the more particular path first. */
function routes() {
  const found = new Map();
  for (const [path, operations] of Object.entries(openapi.paths)) {
    for (const [verb, operation] of Object.entries(operations)) {
      const method = operation["x-method"];
      if (!method) continue;
      const name = method.replace(/\/(.)/g, (_, first) => first.toUpperCase());
      // Other operations of a method are this one with a param filled in.
      if (operation.operationId !== name && !operation.operationId.startsWith(`${name}Without`)) continue;
      const route = found.get(method) ?? { verb: verb.toUpperCase(), paths: [] };
      route.paths.push(path);
      found.set(method, route);
    }
  }
  const placeholders = (path) => path.split("{").length;
  const lines = openrpc.methods
    .filter(({ name }) => found.has(name))
    .map(({ name }) => {
      const { verb, paths } = found.get(name);
      paths.sort((a, b) => placeholders(b) - placeholders(a));
      return `  ${JSON.stringify(name)}: { verb: ${JSON.stringify(verb)}, paths: ${JSON.stringify(paths).replaceAll(",", ", ")} },`;
    });
  return `
/** Route is where a method is on HTTP. The first path whose values are given is taken. */
export interface Route {
  readonly verb: string;
  readonly paths: readonly string[];
}

/** routes are those of all methods that HTTP has. */
export const routes: Readonly<Record<string, Route>> = {
${lines.join("\n")}
};
`;
}

await writeFile(join(options.out, "types.ts"), banner + (await types()));
await writeFile(join(options.out, "routes.ts"), banner + routes());
