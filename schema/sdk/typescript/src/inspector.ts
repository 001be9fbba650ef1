/** InspectorUrlOptions say which server an inspector shows. */
export interface InspectorUrlOptions {
  baseUrl: string;
  token?: string | undefined;
  headers?: Record<string, string> | undefined;
}

/**
 * buildInspectorUrl is the address of the page on which a server's sessions
 * can be seen and driven. Whoever has it with its token can use the server.
 */
export function buildInspectorUrl({ baseUrl, token, headers }: InspectorUrlOptions): string {
  const search = new URLSearchParams();
  if (token) search.set("token", token);
  if (headers && Object.keys(headers).length > 0) search.set("headers", JSON.stringify(headers));
  const query = search.toString();
  return `${baseUrl.replace(/\/+$/, "")}/ui/${query ? `?${query}` : ""}`;
}
