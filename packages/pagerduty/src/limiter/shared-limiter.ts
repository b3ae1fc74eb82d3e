import { type Clock, unref } from "@tocsin/http/portable";
import type { Limiter, Release } from "./limiter.ts";
import { SlidingWindowLimiter } from "./queued-limiter.ts";

const limiters = new WeakMap<Clock, Map<string, WeakRef<Limiter>>>();

const unused = new FinalizationRegistry<{ byKey: Map<string, WeakRef<Limiter>>; routingKey: string }>(
  ({ byKey, routingKey }) => {
    // A new limiter may have taken its place before the old one was collected.
    if (byKey.get(routingKey)?.deref() === undefined) byKey.delete(routingKey);
  },
);

/**
 * The limiter of all clients of this routing key in this process, whatever host they send to: PagerDuty counts per key.
 * It is forgotten when no client uses it and its window is empty, so rotated keys cost no memory.
 */
export function sharedLimiter(routingKey: string, clock: Clock): Limiter {
  const byKey = limiters.get(clock) ?? new Map<string, WeakRef<Limiter>>();
  limiters.set(clock, byKey);
  const known = byKey.get(routingKey)?.deref();
  if (known) return known;
  const limiter = new RememberedLimiter(clock);
  byKey.set(routingKey, new WeakRef(limiter));
  unused.register(limiter, { byKey, routingKey });
  return limiter;
}

const rememberMs = 120_000;

/** Outlives its clients while its window may hold attempts: a program that makes a client per event must keep the limit too. */
class RememberedLimiter implements Limiter {
  readonly #limiter: Limiter;
  #used = false;
  #running = false;

  constructor(clock: Clock) {
    this.#limiter = new SlidingWindowLimiter({ clock });
  }

  tryTake(): Release | undefined {
    this.#remember();
    return this.#limiter.tryTake();
  }

  take(signal?: AbortSignal): Promise<Release> {
    this.#remember();
    return this.#limiter.take(signal);
  }

  #remember(): void {
    this.#used = true;
    if (!this.#running) this.#keep();
  }

  /** The garbage collector keeps a pending timer and the objects to which it refers. */
  #keep(): void {
    this.#running = true;
    this.#used = false;
    const forget = () => {
      this.#running = false;
      if (this.#used) this.#keep();
    };
    unref(setTimeout(forget, rememberMs));
  }
}
