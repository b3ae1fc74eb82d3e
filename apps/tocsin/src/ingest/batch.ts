import { type Claim, formatPath, type Issue } from "@tocsin/core";
import type { Located } from "./located-issue.ts";
import { Unreadable } from "./large-json.ts";

/** Name of a source that neither its token nor its request names. */
export const defaultSource = "default";

/** Who sent a request, and when it came. */
export interface Received {
  /** Name of the token used, else what the request calls itself. */
  readonly source: string;
  /** Address of the sender. Direct input is one claim per sender. */
  readonly sender: string;
  readonly nowMs: number;
}

/** Enough to see what is wrong. */
const maxIssues = 100;

/** Beyond that many rejected alerts, their problems are no longer looked for. */
const maxExamined = 1_000;

type Read = (alert: unknown) => Claim | readonly Located[];

/** Reads the alerts of a request in their order and in parts. One bad alert does not affect the others. */
export class BatchReader {
  /** How many alerts the sender says that it left out. */
  readonly truncated: number;
  readonly issues: Issue[] = [];
  #alerts: Iterator<unknown>;
  readonly #read: Read;
  #index = 0;
  #rejected = 0;
  #done = false;

  constructor(alerts: Iterable<unknown>, read: Read, truncated = 0) {
    this.#alerts = alerts[Symbol.iterator]();
    this.#read = read;
    this.truncated = truncated;
  }

  /** How many alerts were rejected until now. */
  get rejected(): number {
    return this.#rejected;
  }

  /** All alerts were read. */
  get done(): boolean {
    return this.#done;
  }

  /** Reads the next alert. Undefined where it is rejected, and at the end. */
  next(): Claim | undefined {
    const next = this.#alerts.next();
    if (next.done === true) {
      this.#done = true;
      // They need not be kept until they are recorded.
      this.#alerts = [][Symbol.iterator]();
      return undefined;
    }
    const result = this.#readOne(next.value);
    const claim = isClaim(result) ? result : undefined;
    if (claim === undefined) this.#reject(result as readonly Located[]);
    this.#index++;
    return claim;
  }

  #readOne(alert: unknown): Claim | readonly Located[] {
    return alert instanceof Unreadable ? [{ path: [], message: alert.message }] : this.#read(alert);
  }

  #reject(problems: readonly Located[]): void {
    if (++this.#rejected > maxExamined) return;
    for (const { path, message } of problems) {
      if (this.issues.length >= maxIssues) return;
      this.issues.push({ path: formatPath(path, `alerts[${this.#index}]`), message });
    }
  }

  /** For a body that is no list of alerts at all. */
  static unreadable(path: string, message: string): BatchReader {
    const reader = new BatchReader([], () => []);
    reader.#rejected = 1;
    reader.issues.push({ path, message });
    return reader;
  }
}

const isClaim = (result: Claim | readonly Located[]): result is Claim => !Array.isArray(result);
