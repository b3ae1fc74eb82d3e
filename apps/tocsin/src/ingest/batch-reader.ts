import type { Claim, Issue } from "@tocsin/core";
import type { LocatedIssue } from "./located-issue.ts";
import { Unreadable } from "./large-json.ts";
import { RejectedAlerts } from "./rejected-alerts.ts";

/** Name of the source if neither the token nor the request names one. */
export const defaultSource = "default";

/** The sender of a request, and the time of its arrival. */
export interface Received {
  /** Name of the token used, otherwise the name that the request gives. */
  readonly source: string;
  /** Address of the sender. Direct input is one claim per sender. */
  readonly sender: string;
  readonly nowMs: number;
}

type Read = (alert: unknown) => Claim | readonly LocatedIssue[];

/** Reads the alerts of a request in order and in parts. An invalid alert does not affect the others. */
export class BatchReader {
  /** Number of alerts that the sender says it left out. */
  readonly truncated: number;
  #alerts: Iterator<unknown>;
  readonly #read: Read;
  #index = 0;
  readonly #rejected = new RejectedAlerts();
  #done = false;

  constructor(alerts: Iterable<unknown>, read: Read, truncated = 0) {
    this.#alerts = alerts[Symbol.iterator]();
    this.#read = read;
    this.truncated = truncated;
  }

  /** Number of alerts rejected until now. */
  get rejected(): number {
    return this.#rejected.count;
  }

  get issues(): readonly Issue[] {
    return this.#rejected.issues;
  }

  /** True once all alerts were read. */
  get done(): boolean {
    return this.#done;
  }

  /** Reads the next alert. Undefined if it is rejected, and at the end. */
  next(): Claim | undefined {
    const next = this.#alerts.next();
    if (next.done === true) {
      this.#done = true;
      // The alerts need not stay in memory until they are recorded.
      this.#alerts = [][Symbol.iterator]();
      return undefined;
    }
    const result = this.#readOne(next.value);
    const claim = isClaim(result) ? result : undefined;
    if (claim === undefined) this.#rejected.add(this.#index, result as readonly LocatedIssue[]);
    this.#index++;
    return claim;
  }

  #readOne(alert: unknown): Claim | readonly LocatedIssue[] {
    return alert instanceof Unreadable ? [{ path: [], message: alert.message }] : this.#read(alert);
  }

  /** Creates the result for a body that is not a list of alerts. */
  static unreadable(path: string, message: string): BatchReader {
    const reader = new BatchReader([], () => []);
    reader.#rejected.addBody({ path, message });
    return reader;
  }
}

const isClaim = (result: Claim | readonly LocatedIssue[]): result is Claim => !Array.isArray(result);
