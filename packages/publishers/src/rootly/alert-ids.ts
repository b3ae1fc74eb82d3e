/** Most problems that end at once do so by then, and nobody has opened another alert of the same key meanwhile. */
const keptMs = 10 * 60_000;

const most = 10_000;

/**
 * The ids of alerts that this process opened a short while ago, by deduplication key. A shortcut only: what is not here,
 * after a restart, on another replica or later, is looked up at Rootly, which alone knows what is open.
 */
export class AlertIds {
  readonly #now: () => number;
  /** The oldest first. */
  readonly #ids = new Map<string, { readonly id: string; readonly atMs: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get(key: string): string | undefined {
    const known = this.#ids.get(key);
    return known && this.#now() - known.atMs < keptMs ? known.id : undefined;
  }

  set(key: string, id: string): void {
    this.#ids.delete(key);
    this.#ids.set(key, { id, atMs: this.#now() });
    for (const [oldest, { atMs }] of this.#ids) {
      if (this.#ids.size <= most && this.#now() - atMs < keptMs) break;
      this.#ids.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#ids.delete(key);
  }
}
