/** Keeps the values that were set last, up to a total weight. */
export class RowCache<K, V> {
  readonly #entries = new Map<K, { value: V; weight: number }>();
  readonly #maxWeight: number;
  #weight = 0;

  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)?.value;
  }

  set(key: K, value: V, weight: number): void {
    this.delete(key);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    if (this.#weight > this.#maxWeight) this.#shrink();
  }

  /** Drops the oldest tenth at once: finding the first entry of a Map takes longer the more entries were deleted before it. */
  #shrink(): void {
    for (const key of this.#entries.keys()) {
      if (this.#weight <= this.#maxWeight * 0.9) return;
      this.delete(key);
    }
  }

  delete(key: K): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
  }

  clear(): void {
    this.#entries.clear();
    this.#weight = 0;
  }
}
