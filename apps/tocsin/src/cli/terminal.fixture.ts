import { runProgram } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/** Records the output, and sends signals on request. */
export class TestTerminal implements Terminal {
  stdout = "";
  stderr = "";
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly watched = false;
  /** The standard input. */
  stdin = "";
  readonly #signals = new Map<string, () => void>();

  constructor(cwd: string, env: Record<string, string> = {}) {
    this.cwd = cwd;
    this.env = env;
  }

  readonly out = (text: string) => {
    this.stdout += text;
  };
  readonly err = (text: string) => {
    this.stderr += text;
  };
  readonly input = () => Promise.resolve(this.stdin);
  readonly onSignal = (signal: string, callback: () => void) => {
    this.#signals.set(signal, callback);
    return () => this.#signals.delete(signal);
  };
  readonly onCrash = () => {};

  get signals(): string[] {
    return [...this.#signals.keys()].toSorted();
  }

  send(signal: string): void {
    this.#signals.get(signal)?.();
  }
}

/** Runs one command in a directory until it exits. */
export async function runIn(dir: string, args: readonly string[], env?: Record<string, string>, stdin = "") {
  const terminal = new TestTerminal(dir, env);
  terminal.stdin = stdin;
  const code = await runProgram(args, terminal);
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}
