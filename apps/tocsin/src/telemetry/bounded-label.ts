/** Limits the values of a label that senders choose: the first `max` values are kept, all later ones become `other`. */
export class BoundedLabel {
  readonly #seen = new Set<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Number of distinct values so far, without `other`. */
  get size(): number {
    return this.#seen.size;
  }

  of(value: string): string {
    if (this.#seen.has(value)) return value;
    if (this.#seen.size >= this.#max) return "other";
    this.#seen.add(value);
    return value;
  }
}
