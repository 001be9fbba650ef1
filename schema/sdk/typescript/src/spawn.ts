/**
 * Starting a bridge, for Node.js and what is like it. Nothing that a browser
 * loads imports this file.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, chmodSync, constants, existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { delimiter, join, resolve } from "node:path";
import { createInterface } from "node:readline";

import { BrokenError, localError, SandboxAgentError } from "./errors.js";
import { HttpTransport } from "./http.js";
import { StdioTransport } from "./stdio.js";
import type { SandboxAgentStartOptions, SpawnOptions } from "./start.js";
import type { Transport } from "./transport.js";

const defaultTimeoutMs = 15_000;
const firstHealthPauseMs = 10;
const longestHealthPauseMs = 200;
const stopTimeoutMs = 5_000;
/** How much of the log an error shows. */
const tailLines = 20;
/** How often a port is chosen anew that somebody else took in the meantime. */
const portTries = 5;

/** Started is a bridge that runs, and the way to it. */
export interface Started {
  transport: Transport;
  /** Where it serves HTTP, if it does. */
  baseUrl?: string;
  token?: string;
}

/** start starts a bridge, and is answered once it can be used. */
export async function start(options: SandboxAgentStartOptions): Promise<Started> {
  const settings = typeof options.spawn === "object" ? options.spawn : {};
  if (options.spawn === false || settings.enabled === false) {
    throw localError("invalid_request", "start() with spawn false starts nothing; use SandboxAgent.connect with the address of a server");
  }
  const binary = findBinary(settings.binaryPath);
  return options.transport === "stdio" ? startStdio(binary, settings) : startServer(binary, settings, options);
}

async function startStdio(binary: string, settings: SpawnOptions): Promise<Started> {
  const bridge = new Bridge(binary, ["stdio", ...(settings.args ?? [])], settings, {});
  const transport = new StdioTransport({
    stdin: bridge.child.stdin!, stdout: bridge.child.stdout!,
    gone: bridge.gone, stop: () => bridge.end(),
  });
  const timeoutMs = settings.timeoutMs ?? defaultTimeoutMs;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    await transport.initialize(timeout);
  } catch (error) {
    await bridge.kill();
    throw error === timeout.reason ? slowError(binary, timeoutMs) : error;
  }
  return { transport };
}

async function startServer(binary: string, settings: SpawnOptions, options: SandboxAgentStartOptions): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryServer(binary, settings, options);
    } catch (error) {
      const taken = error instanceof Error && /address already in use|Only one usage/.test(error.message);
      if (!taken || settings.port !== undefined || attempt === portTries) throw error;
    }
  }
}

async function tryServer(binary: string, settings: SpawnOptions, options: SandboxAgentStartOptions): Promise<Started> {
  const host = settings.host ?? "127.0.0.1";
  const port = settings.port ?? (await freePort());
  if (settings.port !== undefined) await refuseTaken(host, port);
  const token = settings.token ?? randomBytes(24).toString("hex");
  // It ends with its stdin, which we hold: so it goes even if we are killed.
  const args = ["server", "--host", host, "--port", String(port), "--end-with-stdin", "--log-level", "warn", ...(settings.args ?? [])];
  // In the environment, not on a command line that everybody can read.
  const bridge = new Bridge(binary, args, settings, { SANDBOX_AGENT_TOKEN: token });
  const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const baseUrl = `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
  const http = new HttpTransport({ baseUrl, token, fetch: options.fetch, headers: options.headers });
  void bridge.gone.then((error) => http.fail(error));
  try {
    await healthy(http, binary, settings.timeoutMs ?? defaultTimeoutMs);
  } catch (error) {
    await bridge.kill();
    throw error;
  }
  return { transport: ending(http, () => bridge.end()), baseUrl, token };
}

/** ending is a transport that ends its bridge when it is disposed. */
function ending(http: HttpTransport, stop: () => Promise<void>): Transport {
  const dispose = http.dispose.bind(http);
  http.dispose = async () => {
    await dispose();
    await stop();
  };
  return http;
}

/** healthy waits until a server answers. A server that exits fails at once. */
async function healthy(http: HttpTransport, binary: string, timeoutMs: number): Promise<void> {
  const timeout = AbortSignal.timeout(timeoutMs);
  for (let pauseMs = firstHealthPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestHealthPauseMs)) {
    try {
      const health = (await http.call("health", {}, timeout)) as { status?: unknown };
      if (health.status === "ok") return;
      throw localError("stream_error", `${binary} is no sandbox-agent: asked for its health it answers ${JSON.stringify(health)}`);
    } catch (error) {
      if (timeout.aborted) throw slowError(binary, timeoutMs);
      if (!(error instanceof BrokenError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function slowError(binary: string, timeoutMs: number): SandboxAgentError {
  return localError("timeout", `${binary} could not be used within ${timeoutMs} ms; give it more with spawn.timeoutMs, or see its log with spawn.log "inherit"`);
}

/** Bridge is a sandbox-agent that runs as our child. */
class Bridge {
  readonly child: ChildProcess;
  /** Resolves when the child has gone and all its output was read. */
  readonly gone: Promise<SandboxAgentError>;

  constructor(binary: string, args: string[], settings: SpawnOptions, environment: Record<string, string>) {
    const speaks = args[0] === "stdio";
    this.child = spawn(binary, args, {
      cwd: settings.cwd,
      env: { ...process.env, ...settings.env, ...environment },
      stdio: ["pipe", speaks ? "pipe" : "ignore", "pipe"],
      windowsHide: true,
      // Ctrl-C is for this process, which may want to interrupt a turn and go on.
      detached: process.platform !== "win32",
    });
    this.child.stdin!.on("error", () => undefined); // it has gone, which `gone` tells better
    const tail: string[] = [];
    createInterface({ input: this.child.stderr! }).on("line", (line) => {
      logLine(line, settings);
      if (tail.push(line) > tailLines) tail.shift();
    });
    this.gone = new Promise((resolve) => {
      this.child.once("error", (cause) => {
        resolve(localError("internal", `${binary} could not be started${settings.cwd ? ` in ${settings.cwd}` : ""}: ${cause.message}`, cause));
      });
      this.child.once("close", (code, signal) => {
        resolve(localError("stream_error", `${binary} ended with ${signal ?? `code ${code}`}${tail.length > 0 ? `: ${tail.join("\n")}` : ""}`));
      });
    });
    endWithUs(this.child);
    void this.gone.then(() => letGo(this.child));
  }

  /** end lets a bridge end its sessions and exit, which it does at the end of its stdin, or makes it end. */
  async end(): Promise<void> {
    this.child.stdin!.end();
    if (!(await this.#goes())) await this.kill();
  }

  /** kill ends whatever was started: it need not be a bridge. */
  async kill(): Promise<void> {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      this.child.kill(signal);
      if (await this.#goes()) return;
    }
  }

  /** goes waits a while for the end of the child. */
  async #goes(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, stopTimeoutMs, false);
    });
    const went = await Promise.race([this.gone.then(() => true), late]);
    clearTimeout(timer);
    return went;
  }
}

function logLine(line: string, { log = "inherit", onLog }: SpawnOptions): void {
  if (log === "inherit") process.stderr.write(`${line}\n`);
  else if (log === "pipe") onLog?.(line);
}

const running = new Set<ChildProcess>();

/**
 * endWithUs lets a child end when this process exits. It listens to no signal:
 * whoever does decides for the whole process whether it ends, and a child whose
 * parent a signal has ended sees the end of its stdin.
 */
function endWithUs(child: ChildProcess): void {
  if (running.size === 0) process.on("exit", endAll);
  running.add(child);
}

function letGo(child: ChildProcess): void {
  if (running.delete(child) && running.size === 0) process.off("exit", endAll);
}

function endAll(): void {
  for (const child of running) child.kill("SIGTERM");
}

/** findBinary finds the program, or says where it would have to be. */
function findBinary(given: string | undefined): string {
  const program = process.platform === "win32" ? "sandbox-agent.exe" : "sandbox-agent";
  const fromPackage = `@sandbox-agent/cli-${process.platform}-${process.arch}`;
  if (given !== undefined) {
    if (isFile(given)) return executable(resolve(given));
    throw localError("not_found", `there is no program at spawn.binaryPath, ${given}`);
  }
  const variable = process.env["SANDBOX_AGENT_BIN"];
  if (variable && isFile(variable)) return executable(resolve(variable));
  try {
    return executable(createRequire(import.meta.url).resolve(`${fromPackage}/bin/${program}`));
  } catch {
    // That package is not installed.
  }
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    if (directory && isFile(join(directory, program))) return resolve(directory, program);
  }
  throw localError("not_found", `the program ${program} was not found: set spawn.binaryPath or SANDBOX_AGENT_BIN${variable ? ` (there is no file ${variable})` : ""}, install ${fromPackage}, or put it into the PATH`);
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

/** executable sees to what packages lose on their way: the right to run. */
function executable(path: string): string {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    try {
      chmodSync(path, 0o755);
    } catch {
      // The start will say what is wrong.
    }
  }
  return path;
}

/**
 * refuseTaken fails where a port has its server already: that would answer in
 * place of ours. What else is wrong with a port, our server says.
 */
function refuseTaken(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EADDRINUSE") return resolve();
      reject(localError("stream_error", `${host} port ${port} is already in use; leave spawn.port out to get a free one, or use SandboxAgent.connect with the server that is there`, cause));
    });
    try {
      server.listen(port, host, () => server.close(() => resolve()));
    } catch (cause) {
      reject(localError("invalid_request", `spawn.port is ${port}, which is no port`, cause));
    }
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
