/** Values of a label that others choose: the first `most` are told apart, whatever comes later is `other`. */
export class BoundedLabel {
  readonly #seen = new Set<string>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  of(value: string): string {
    if (this.#seen.has(value)) return value;
    if (this.#seen.size >= this.#most) return "other";
    this.#seen.add(value);
    return value;
  }
}
