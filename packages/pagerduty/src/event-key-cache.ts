import { maxTimerMs, unref } from "@tocsin/http/portable";

export interface EventKeyCacheOptions {
  /** Life of an entry in milliseconds, from its last `set`, exact to a thousandth. @default 24 hours */
  ttlMs?: number;
  /** Milliseconds between two removals of expired entries. @default 12 hours */
  sweepMs?: number;
  /** Maximum number of entries. A further one replaces the oldest. @default 100_000 */
  maxSize?: number;
  /** Wall clock, ms since epoch. @default the system's, read a thousand times in the life of an entry */
  now?: () => number;
}

/** Ticks in the life of an entry. Ticks are small whole numbers, which V8 keeps without memory of their own. */
const ticksOfLife = 1000;

interface Entry<V> {
  value: V;
  expiresAt: number;
}

/**
 * Remembers for a day under which dedup key you sent an alert. It may forget: if resolves must work after a restart, also store
 * their keys elsewhere.
 *
 * @example
 * const keys = new EventKeyCache();
 * keys.set("check:disk:db-1", dedupKey);
 * keys.get("check:disk:db-1"); // dedupKey
 */
export class EventKeyCache<V = string> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #maxSize: number;
  /** In ticks since the cache was made. */
  readonly #now: () => number;
  readonly #timers: NodeJS.Timeout[];
  #hits = 0;
  #misses = 0;
  #tick = 0;

  constructor({ ttlMs = 24 * 3_600_000, sweepMs = 12 * 3_600_000, maxSize = 100_000, now }: EventKeyCacheOptions = {}) {
    this.#maxSize = maxSize;
    const tickMs = ttlMs / ticksOfLife;
    const read = now ?? Date.now;
    const startMs = read();
    const readTick = () => Math.floor((read() - startMs) / tickMs);
    // Reading the clock costs more than twice as much as a look-up in the map.
    this.#now = now ? readTick : () => this.#tick;
    this.#timers = [
      unref(setInterval(() => (this.#tick = readTick()), tickMs)),
      unref(setInterval(() => this.sweep(), Math.min(sweepMs, maxTimerMs))),
    ];
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.expiresAt > this.#now()) {
      this.#hits++;
      return entry.value;
    }
    if (entry !== undefined) this.#entries.delete(key);
    this.#misses++;
    return undefined;
  }

  set(key: string, value: V): void {
    const expiresAt = this.#now() + ticksOfLife;
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      entry.value = value;
      entry.expiresAt = expiresAt;
      return;
    }
    if (this.#entries.size >= this.#maxSize) this.#dropFirst();
    this.#entries.set(key, { value, expiresAt });
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  /** Removes expired entries. Returns their number. */
  sweep(): number {
    const before = this.#entries.size;
    const now = this.#now();
    for (const [key, { expiresAt }] of this.#entries) {
      if (expiresAt <= now) this.#entries.delete(key);
    }
    return before - this.#entries.size;
  }

  /** Calls of `get` that found an entry. */
  get hits(): number {
    return this.#hits;
  }

  get misses(): number {
    return this.#misses;
  }

  /** Number of entries, with expired ones that no call has removed yet. */
  get size(): number {
    return this.#entries.size;
  }

  /** Removes all entries and stops the timers. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#entries.clear();
  }

  #dropFirst(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}
