import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Change, SimulatorState } from "./state.ts";
import type { IncidentChange } from "./incident-store.ts";
import type { Message } from "../receivers/slack/messages.ts";

type Line =
  | IncidentChange
  | { readonly kind: "change"; readonly change: Change }
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "deleted"; readonly message: Pick<Message, "channel" | "ts"> };

/** The file is rewritten after it has grown by this much. */
const rewriteAfterBytes = 64 * 1024 * 1024;

/**
 * Keeps incidents, change events and messages across restarts: one JSON line per change, written before the
 * request is answered. It survives every end of the process, but not a power loss.
 */
export class IncidentFile {
  readonly #path: string;
  readonly #state: SimulatorState;
  #descriptor = -1;
  #grownBytes = 0;

  /** Reads the file into the state, if it exists, and then records each change of the state. */
  constructor(path: string, state: SimulatorState) {
    this.#path = path;
    this.#state = state;
    mkdirSync(dirname(path), { recursive: true });
    this.#read();
    this.rewrite();
    state.incidents.onChange.push((change) => this.#append(change));
    state.messages.onChange = (message) => this.#append({ kind: "message", message });
    state.messages.onDelete = ({ channel, ts }) => this.#append({ kind: "deleted", message: { channel, ts } });
    state.changes.onAdd = (change) => this.#append({ kind: "change", change });
  }

  /** Replaces the list of changes with the present state. A crash leaves the old file or the new one. */
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
      // Text after the last line break is incomplete: the process ended while writing it.
      if (index === lines.length - 1) break;
      const read = parseLine(line);
      if (read === undefined) throw new Error(`${this.#path}:${index + 1}: not a line of the simulator's`);
      if (read.kind === "change") this.#state.changes.add(read.change);
      else if (read.kind === "message") this.#state.messages.restore(read.message);
      else if (read.kind === "deleted") this.#state.messages.forget(read.message);
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
    return ["opened", "logged", "lost", "change", "message", "deleted"].includes(value.kind) ? value : undefined;
  } catch {
    return undefined;
  }
}
