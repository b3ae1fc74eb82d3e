import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Change, SimulatorState } from "./state.ts";
import type { IncidentChange } from "./incident-store.ts";
import type { Message } from "../receivers/slack/messages.ts";

type Line =
  | IncidentChange
  | { readonly kind: "change"; readonly change: Change }
  | { readonly kind: "message"; readonly message: Message };

/** The file is written anew when it has grown by so much since. */
const rewriteAfterBytes = 64 * 1024 * 1024;

/**
 * Keeps incidents, change events and messages over restarts: one JSON line for each thing that happened, written before the
 * request is answered. It survives the end of the process however it ends, not the loss of power.
 */
export class IncidentFile {
  readonly #path: string;
  readonly #state: SimulatorState;
  #descriptor = -1;
  #grownBytes = 0;

  /** Reads the file into the state, if there is one, and follows the state from then on. */
  constructor(path: string, state: SimulatorState) {
    this.#path = path;
    this.#state = state;
    mkdirSync(dirname(path), { recursive: true });
    this.#read();
    this.rewrite();
    state.incidents.onChange.push((change) => this.#append(change));
    state.messages.onChange = (message) => this.#append({ kind: "message", message });
    state.changes.onAdd = (change) => this.#append({ kind: "change", change });
  }

  /** Writes what the state holds now, in place of all that happened. A crash leaves the old file or the new one. */
  rewrite(): void {
    if (this.#descriptor !== -1) closeSync(this.#descriptor);
    const next = `${this.#path}.next`;
    this.#descriptor = openSync(next, "w", 0o600);
    for (const incident of this.#state.incidents.all()) this.#write({ kind: "opened", incident });
    for (const change of this.#state.changes.list()) this.#write({ kind: "change", change });
    for (const message of this.#state.messages.list()) this.#write({ kind: "message", message });
    fsyncSync(this.#descriptor);
    renameSync(next, this.#path);
    this.#grownBytes = 0;
  }

  close(): void {
    if (this.#descriptor !== -1) closeSync(this.#descriptor);
    this.#descriptor = -1;
  }

  #read(): void {
    if (!existsSync(this.#path)) return;
    const lines = readFileSync(this.#path, "utf8").split("\n");
    for (const [index, line] of lines.entries()) {
      // What follows the last line break was never finished: the process ended in its middle.
      if (index === lines.length - 1) break;
      const read = parseLine(line);
      if (read === undefined) throw new Error(`${this.#path}:${index + 1}: not a line of the simulator's`);
      if (read.kind === "change") this.#state.changes.add(read.change);
      else if (read.kind === "message") this.#state.messages.restore(read.message);
      else this.#state.incidents.replay(read);
    }
  }

  #append(line: Line): void {
    if (this.#descriptor === -1) return;
    this.#grownBytes += this.#write(line);
    if (this.#grownBytes > rewriteAfterBytes) this.rewrite();
  }

  #write(line: Line): number {
    return writeSync(this.#descriptor, `${JSON.stringify(line)}\n`);
  }
}

function parseLine(line: string): Line | undefined {
  try {
    const value = JSON.parse(line) as Line;
    return ["opened", "logged", "change", "message"].includes(value.kind) ? value : undefined;
  } catch {
    return undefined;
  }
}
