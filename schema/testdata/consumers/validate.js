// Validates events with ajv in its strict mode. Arguments: the schema, and a
// file with a line of {what, valid, event} for each event. Prints a line for
// each verdict that is not the expected one.
"use strict";
const { createReadStream, readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const Ajv = require("ajv/dist/2020").default;
const addFormats = require("ajv-formats").default;

async function main([schemaFile, eventsFile]) {
  const ajv = new Ajv({ strict: true });
  addFormats(ajv);
  const schema = JSON.parse(readFileSync(schemaFile, "utf8"));
  const validate = ajv.compile(schema);
  for (const name of Object.keys(schema.$defs)) {
    if (!ajv.getSchema(`${schema.$id}#/$defs/${name}`)) console.log(`${name} can't be compiled`);
  }
  let count = 0;
  for await (const line of createInterface({ input: createReadStream(eventsFile) })) {
    const { what, valid, event } = JSON.parse(line);
    count++;
    if (validate(event) !== valid) {
      console.log(`${what}: valid is ${!valid}: ${ajv.errorsText(validate.errors)}`);
    }
  }
  console.error(count);
}

main(process.argv.slice(2));
