/** A list that drops its oldest entries and counts all. */
export class BoundedList<Item> {
  readonly #most: number;
  #items: Item[] = [];
  #start = 0;
  total = 0;
  onAdd: ((item: Item) => void) | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  add(item: Item): void {
    this.total += 1;
    this.onAdd?.(item);
    if (this.#items.length < this.#most) {
      this.#items.push(item);
      return;
    }
    if (this.#most === 0) return;
    this.#items[this.#start] = item;
    this.#start = (this.#start + 1) % this.#most;
  }

  /** Oldest first. `limit`: only the latest entries, at most this number. */
  list(limit = Infinity): Item[] {
    const ordered = [...this.#items.slice(this.#start), ...this.#items.slice(0, this.#start)];
    return limit >= ordered.length ? ordered : ordered.slice(ordered.length - limit);
  }

  get forgotten(): number {
    return this.total - this.#items.length;
  }

  /** 0 is the latest. Undefined if it was dropped. */
  fromLatest(back: number): Item | undefined {
    const { length } = this.#items;
    return back < 0 || back >= length ? undefined : this.#items[(this.#start + length - 1 - back) % length];
  }

  clear(): void {
    this.#items = [];
    this.#start = 0;
    this.total = 0;
  }
}
