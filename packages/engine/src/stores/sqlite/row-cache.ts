/** The values set last, up to a sum of weights. */
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

  /** The oldest tenth at once: a Map that loses its first entry again and again is walked again and again. */
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
