/**
 * The ids of alerts that this process opened last, by deduplication key. A shortcut only: what is not here, after a restart
 * or on another replica, is looked up at Rootly.
 */
export class AlertIds {
  readonly #most: number;
  readonly #ids = new Map<string, string>();

  constructor(most = 10_000) {
    this.#most = most;
  }

  get(key: string): string | undefined {
    return this.#ids.get(key);
  }

  set(key: string, id: string): void {
    this.#ids.delete(key);
    this.#ids.set(key, id);
    if (this.#ids.size <= this.#most) return;
    const oldest = this.#ids.keys().next();
    if (oldest.done !== true) this.#ids.delete(oldest.value);
  }

  delete(key: string): void {
    this.#ids.delete(key);
  }
}
