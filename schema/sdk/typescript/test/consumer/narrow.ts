// A program of somebody who has installed the package: it compiles under
// tsc --strict only if event.type narrows event.data, and so on.
import { SandboxAgent, type ContentPart, type ErrorKind, type SandboxAgentError, type UniversalEvent } from "sandbox-agent";

export function describe(event: UniversalEvent): string {
  switch (event.type) {
    case "session.started":
      return JSON.stringify(event.data.metadata);
    case "session.updated":
      return event.data.title ?? event.data.commands?.map((command) => command.name).join() ?? "";
    case "session.ended":
      return event.data.reason;
    case "turn.started":
      return event.data.origin;
    case "turn.ended":
      return event.data.stop_reason;
    case "item.started":
    case "item.completed":
      return event.data.item.content.map(part).join("\n");
    case "item.delta":
      return event.data.delta;
    case "permission.requested":
    case "permission.resolved":
      return event.data.permission_id;
    case "question.requested":
    case "question.resolved":
      return event.data.questions?.map((question) => question.prompt).join() ?? event.data.prompt;
    case "usage.updated":
      return String(event.data.total_tokens);
    case "plan.updated":
      return event.data.entries.map((entry) => entry.content).join();
    case "diff.updated":
      return event.data.diff;
    case "quota.updated":
      return event.data.kind;
    case "error":
      return event.data.message;
    case "agent.unparsed":
      return event.data.error;
    default:
      return unknown(event);
  }
}

function part(part: ContentPart): string {
  switch (part.type) {
    case "text":
    case "reasoning":
      return part.text;
    case "json":
      return JSON.stringify(part.json);
    case "tool_call":
      return `${part.name}(${part.arguments})`;
    case "tool_result":
      return part.output;
    case "command":
      return `${part.command}: ${part.exit_code ?? "?"}`;
    case "file_ref":
      return `${part.action} ${part.path}`;
    case "image":
      return part.mime ?? "image";
    case "status":
      return part.label;
    default:
      return unknown(part);
  }
}

/** What this version of the types doesn't know may come all the same. */
function unknown(value: never): string {
  return (value as { type: string }).type;
}

// @ts-expect-error: a delta has no item
export const wrong = (event: Extract<UniversalEvent, { type: "item.delta" }>) => event.data.item;

export async function types(client: SandboxAgent, error: SandboxAgentError): Promise<ErrorKind> {
  // @ts-expect-error: there is no such mode
  await client.createSession("s", { agent: "mock", permissionMode: "yolo" });
  // @ts-expect-error: the answers of each question are a list
  await client.replyQuestion("s", "q", { answers: ["yes"] });
  const status: "starting" | "idle" | "running" | "waiting" | "ended" = (await client.getSession("s")).status;
  return status === "idle" ? error.kind : "internal";
}

const client = await SandboxAgent.start({ transport: "stdio" });
await client.createSession("consumer", { agent: "mock" });
const told: string[] = [];
for (const message of ["gate ls", "ask", "tool", "plan", "diff"]) {
  for await (const event of client.streamTurn("consumer", { message }, { until: "turn" })) {
    told.push(describe(event));
    if (event.type === "permission.requested") await client.replyPermission("consumer", event.data.permission_id, { reply: "once" });
    if (event.type === "question.requested") await client.rejectQuestion("consumer", event.data.question_id);
  }
}
await client.dispose();
console.log(told.length > 30 && told.at(-1) === "end_turn");
