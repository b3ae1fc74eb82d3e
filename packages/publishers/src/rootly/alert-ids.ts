/** Most short problems end within this time, and it is unlikely that another alert of the same key is opened meanwhile. */
const keptMs = 10 * 60_000;

const most = 10_000;

/**
 * The ids of alerts that this process opened a short time ago, by deduplication key. Only a shortcut: after a restart, on
 * another replica or later, the id is looked up at Rootly, which alone knows the open alerts.
 */
export class AlertIds {
  readonly #now: () => number;
  /** Oldest first. */
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
