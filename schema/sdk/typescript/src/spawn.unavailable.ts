/** What stands in for spawn.ts where there are no processes to start. */
import { localError } from "./errors.js";

export async function start(): Promise<never> {
  throw localError("not_supported", "a bridge can't be started here; use SandboxAgent.connect with the address of a server");
}
