/**
 * No row's time comes before this one, so that a claim need not ask the database each time. It may be too early, after the row that
 * had it was changed: asked when it comes, and then known again.
 */
export class EarliestDueCache {
  readonly #read: () => number | null;
  /** Undefined: to be read. Infinity: no row has a time. */
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

  /** Whether some row's time may have come: it is looked for then, and the next one read anew. */
  mayHaveCome(nowMs: number): boolean {
    const { atMs } = this;
    if (atMs === null || atMs > nowMs) return false;
    this.#atMs = undefined;
    return true;
  }

  /** What was written may not be so. */
  forget(): void {
    this.#atMs = undefined;
  }
}
