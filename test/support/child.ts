import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { waitUntil, type Patience } from "./wait-until.ts";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  readonly cwd?: string;
  /** Added to the environment; undefined takes a variable out of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Every process that a test file started and that still runs. A test that fails halfway leaves none behind. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A process, and all that it said. */
export class Child implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly ended: Promise<Exit>;
  stdout = "";
  stderr = "";

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    this.#child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    });
    running.add(this.#child);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    // Not "exit", which may come before the last of the output.
    this.ended = once(this.#child, "close").then(([code, signal]): Exit => {
      running.delete(this.#child);
      return { code, signal };
    });
    // A command that cannot be started has no "close" event; `ended` rejects.
    this.ended.catch(() => {});
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the process was not started");
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** @throws Error with all that it said, where it ends before */
  async untilItSays(pattern: RegExp, patience?: Patience): Promise<RegExpExecArray> {
    const found = await waitUntil(
      `it says ${pattern}`,
      () => pattern.exec(this.stdout) ?? pattern.exec(this.stderr) ?? !this.alive,
      patience,
    );
    if (found === true) throw new Error(`it ended before it said ${pattern}:\n${this.stdout}\n${this.stderr}`);
    return found;
  }

  /** Ends it and waits for that. */
  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<Exit> {
    if (this.alive) this.#child.kill(signal);
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
