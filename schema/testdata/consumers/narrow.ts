// Compiles only if the types are true discriminated unions. Beside it is
// events.ts, which exports them from whatever made them.
import type { ContentPart, UniversalEvent } from "./events";

export function read(event: UniversalEvent): string {
  const common: string = `${event.event_id} ${event.sequence + 1} ${event.turn_id ?? "outside"} ${event.source}`;
  switch (event.type) {
    case "session.started":
    case "session.updated":
      return common;
    case "session.ended":
      return event.data.reason + (event.data.stderr?.head ?? "");
    case "turn.started":
      return event.data.origin;
    case "turn.ended":
      return `${event.data.stop_reason} ${event.data.usage?.total_tokens ?? 0}`;
    case "item.delta":
      // @ts-expect-error: a delta has no item
      return event.data.item.item_id + event.data.delta;
    case "item.started":
    case "item.completed":
      return event.data.item.content.map(part).join("") + (event.data.item.role ?? "nobody");
    case "permission.requested":
    case "permission.resolved":
      return (event.data.options ?? []).map((option) => option.kind satisfies string).join();
    case "question.requested":
    case "question.resolved":
      return event.data.options.join() + (event.data.response ?? "");
    case "usage.updated":
      return String(event.data.cost_usd ?? 0);
    case "plan.updated":
      return event.data.entries.map((entry) => entry.content).join();
    case "diff.updated":
      return event.data.files.map((file) => `${file.path} ${file.additions - file.deletions}`).join();
    case "quota.updated":
      return event.data.kind;
    case "error":
      return event.data.category + (event.data.will_retry ? " again" : "");
    case "agent.unparsed":
      return event.data.error;
    default: {
      const rest: never = event; // every type is above
      return rest;
    }
  }
}

function part(part: ContentPart): string {
  switch (part.type) {
    case "text":
    case "reasoning":
      return part.text;
    case "tool_call":
      return part.name + (part.tool_kind === "execute" ? "!" : "");
    case "tool_result":
      return part.output;
    case "command":
      return `${part.command} ${part.exit_code ?? "?"}`;
    case "file_ref":
      return part.diff ?? part.path;
    case "image":
      return part.path ?? part.data ?? "";
    case "status":
      return part.label;
    case "json":
      return JSON.stringify(part.json);
    default: {
      const rest: never = part;
      return rest;
    }
  }
}

// @ts-expect-error: there is no such type
export const wrong: UniversalEvent["type"] = "session.begun";
