/** SpawnOptions say how a bridge is started. */
export interface SpawnOptions {
  /** false starts nothing, which is an error. */
  enabled?: boolean | undefined;
  /** The address that the server listens on, by default 127.0.0.1. */
  host?: string | undefined;
  /** The server's port, by default a free one. */
  port?: number | undefined;
  /** The server's token, by default one that nobody can guess. */
  token?: string | undefined;
  /** The program. By default SANDBOX_AGENT_BIN, the package of the platform, or the one in the PATH. */
  binaryPath?: string | undefined;
  /** How long the start may take, in milliseconds; by default 15000. */
  timeoutMs?: number | undefined;
  /**
   * Where the bridge's log goes: to this process's stderr (the default), to
   * onLog ("pipe"), or nowhere. The error of a bridge that ended shows the end
   * of it in any case.
   */
  log?: "inherit" | "pipe" | "silent" | undefined;
  /** Gets the lines of the log, with log "pipe". */
  onLog?: ((line: string) => void) | undefined;
  /** Added to the environment. */
  env?: Record<string, string> | undefined;
  /** The bridge's working directory, which is that of sessions without one. */
  cwd?: string | undefined;
  /** Further arguments, such as ["--idle-timeout", "10m"]. */
  args?: string[] | undefined;
}

/** SandboxAgentStartOptions say how a bridge is started and spoken to. */
export interface SandboxAgentStartOptions {
  spawn?: boolean | SpawnOptions | undefined;
  /** "http" (the default), or "stdio" for JSON-RPC without a port. */
  transport?: "http" | "stdio" | undefined;
  /** What makes the requests, instead of the platform's fetch. */
  fetch?: typeof fetch | undefined;
  /** Headers that go with every request. */
  headers?: Record<string, string> | undefined;
  /** For how long a broken stream tries to come back, in milliseconds; by default a minute. */
  reconnectTimeoutMs?: number | undefined;
}
