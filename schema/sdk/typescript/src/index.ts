/**
 * A client of sandbox-agent, which drives coding agents through one interface.
 */
export { SandboxAgent } from "./client.js";
export type { CallableMethod, MessageRequest, SandboxAgentConnectOptions, SessionRequest, StreamQuery, TurnQuery } from "./client.js";
export { SandboxAgentError } from "./errors.js";
export { buildInspectorUrl, type InspectorUrlOptions } from "./inspector.js";
export type { SandboxAgentStartOptions, SpawnOptions } from "./start.js";
export type { FileBody } from "./transport.js";
export type * from "./types.js";
