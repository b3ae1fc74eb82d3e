/**
 * The earliest time of all rows, so that a lease does not query the database for it each time. It is never too late. It may be
 * too early, after its row was changed: when that time comes, it is read again.
 */
export class EarliestDueCache {
  readonly #read: () => number | null;
  /** Undefined: not known, to be read. Infinity: no row has a time. */
  #atMs: number | undefined;

  /** `read` finds the earliest time of all rows. */
  constructor(read: () => number | null) {
    this.#read = read;
  }

  get atMs(): number | null {
    this.#atMs ??= this.#read() ?? Number.POSITIVE_INFINITY;
    return this.#atMs === Number.POSITIVE_INFINITY ? null : this.#atMs;
  }

  /** A row was written with this time. */
  wrote(atMs: number | null): void {
    if (atMs !== null && this.#atMs !== undefined && atMs < this.#atMs) this.#atMs = atMs;
  }

  /** Whether the time of some row may have come. If so, the caller searches such rows, and the earliest time is read again. */
  mayHaveCome(nowMs: number): boolean {
    const { atMs } = this;
    if (atMs === null || atMs > nowMs) return false;
    this.#atMs = undefined;
    return true;
  }

  /** After a rollback: rows may not be as they were written. */
  forget(): void {
    this.#atMs = undefined;
  }
}
