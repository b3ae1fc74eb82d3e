import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EventKeyCache } from "./event-key-cache.ts";

const hour = 3_600_000;

describe("a cache of event keys", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test("counts hits, misses and size", () => {
    const cache = new EventKeyCache();
    cache.set("a", "1");
    cache.set("b", "2");
    expect([cache.get("a"), cache.get("a"), cache.get("c"), cache.size]).toEqual(["1", "1", undefined, 2]);
    expect([cache.hits, cache.misses, cache.size]).toEqual([2, 1, 2]);
    cache.close();
  });

  test("keeps an entry for 24 hours, and not for longer", () => {
    const cache = new EventKeyCache();
    cache.set("a", "1");
    vi.advanceTimersByTime(24 * hour - 1);
    expect(cache.get("a")).toBe("1");
    vi.advanceTimersByTime(1);
    expect([cache.get("a"), cache.hits, cache.misses, cache.size]).toEqual([undefined, 1, 1, 0]);
    cache.close();
  });

  test("keeps it for another 24 hours when it is set again", () => {
    const cache = new EventKeyCache();
    cache.set("a", "1");
    vi.advanceTimersByTime(20 * hour);
    cache.set("a", "2");
    vi.advanceTimersByTime(20 * hour);
    expect(cache.get("a")).toBe("2");
    cache.close();
  });

  test("removes expired entries every 12 hours", () => {
    const cache = new EventKeyCache();
    cache.set("a", "1");
    vi.advanceTimersByTime(13 * hour);
    cache.set("b", "2");
    vi.advanceTimersByTime(11 * hour - 1);
    expect(cache.size).toBe(2);
    vi.advanceTimersByTime(12 * hour + 1);
    expect(cache.size).toBe(1);
    cache.close();
  });

  test("works without sweep", () => {
    const cache = new EventKeyCache({ sweepMs: Number.POSITIVE_INFINITY, ttlMs: hour });
    cache.set("a", "1");
    vi.advanceTimersByTime(100 * hour);
    expect([cache.size, cache.get("a"), cache.size]).toEqual([1, undefined, 0]);
    cache.close();
  });

  test("stops its timers and removes its entries when it is closed", () => {
    const cache = new EventKeyCache();
    cache.set("a", "1");
    expect(vi.getTimerCount()).toBe(2);
    cache.close();
    expect([vi.getTimerCount(), cache.size]).toEqual([0, 0]);
  });

  test("accepts other times, a clock and values of any type", () => {
    let nowMs = 0;
    const cache = new EventKeyCache<{ n: number }>({ ttlMs: 100, sweepMs: 1000, now: () => nowMs });
    cache.set("a", { n: 1 });
    nowMs = 50;
    cache.set("b", { n: 2 });
    nowMs = 99;
    expect(cache.get("a")).toEqual({ n: 1 });
    nowMs = 100;
    expect([cache.get("a"), cache.sweep(), cache.size]).toEqual([undefined, 0, 1]);
    cache.set("c", { n: 3 });
    nowMs = 199;
    expect([cache.sweep(), cache.size]).toEqual([1, 1]);
    cache.close();
  });

  test("drops the oldest entry when it is full", () => {
    const cache = new EventKeyCache({ maxSize: 2 });
    cache.set("a", "1");
    cache.set("b", "2");
    cache.set("a", "3");
    cache.set("c", "4");
    expect([cache.get("a"), cache.get("b"), cache.get("c"), cache.size]).toEqual([undefined, "2", "4", 2]);
    expect([cache.delete("b"), cache.delete("b"), cache.size]).toEqual([true, false, 1]);
    cache.close();
  });

  test("behaves like a slow and simple cache", () => {
    const step = fc.tuple(
      fc.constantFrom("get" as const, "set" as const, "delete" as const, "sweep" as const),
      fc.constantFrom("a", "b", "c", "d"),
      fc.nat({ max: 30 }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let nowMs = 0;
        const cache = new EventKeyCache<number>({ ttlMs: 50, maxSize: 3, now: () => nowMs });
        let model: { key: string; value: number; untilMs: number }[] = [];
        steps.forEach(([action, key, passMs], index) => {
          nowMs += passMs;
          const found = model.find((entry) => entry.key === key);
          const live = found && found.untilMs > nowMs ? found : undefined;
          const others = model.filter((entry) => entry !== found);
          const expired = model.filter(({ untilMs }) => untilMs <= nowMs);
          const actions = {
            get: () => [cache.get(key), live?.value, live ? model : others],
            set: () => {
              const entry = { key, value: index, untilMs: nowMs + 50 };
              const next = found ? model.map((one) => (one === found ? entry : one)) : [...model, entry].slice(-3);
              return [cache.set(key, index), undefined, next];
            },
            delete: () => [cache.delete(key), found !== undefined, others],
            sweep: () => [cache.sweep(), expired.length, model.filter((entry) => !expired.includes(entry))],
          } satisfies Record<string, () => [unknown, unknown, typeof model]>;
          const [actual, expected, next] = actions[action]();
          model = next;
          expect([actual, cache.size]).toEqual([expected, model.length]);
        });
        cache.close();
      }),
    );
  });
});
