import { getEventListeners } from "node:events";
import { VirtualClock } from "@tocsin/test";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PagerDutyValidationError } from "../errors.ts";
import { type Limiter, type Release, unlimited } from "./limiter.ts";
import { SlidingWindowLimiter, TokenBucketLimiter } from "./queued-limiter.ts";

const algorithms = [
  ["sliding window", SlidingWindowLimiter],
  ["token bucket", TokenBucketLimiter],
] as const;

interface Attempt {
  /** The time at which the caller asks for it. */
  atMs: number;
  /** From its start until the receiver counts it, and from there until its end. */
  toReceiverMs: number;
  answerMs: number;
}

interface Clockwork {
  now(): number;
  monotonic(): number;
  after(delayMs: number, callback: () => void): () => void;
}

/** Sends all attempts through a limiter. Returns the times at which the receiver counted them. */
async function arrivals(
  clock: VirtualClock,
  limiter: Limiter,
  attempts: readonly Attempt[],
  untilMs: number,
): Promise<number[]> {
  const seen: number[] = [];
  const startMs = clock.monotonic();
  const run = async ({ toReceiverMs, answerMs }: Attempt) => {
    const release = limiter.tryTake() ?? (await limiter.take());
    clock.after(toReceiverMs, () => {
      seen.push(clock.monotonic() - startMs);
      clock.after(answerMs, release);
    });
  };
  for (const attempt of attempts) clock.after(attempt.atMs, () => void run(attempt));
  await clock.advance(untilMs);
  return seen;
}

/** The maximum number of attempts in any window of this length, both ends included. */
function mostIn(perMs: number, seen: readonly number[]): number {
  let first = 0;
  return Math.max(
    0,
    ...seen.map((atMs, last) => {
      while (seen[first]! < atMs - perMs) first++;
      return last - first + 1;
    }),
  );
}

const upTo = (max: number) => fc.double({ min: 0, max, noNaN: true });

describe.each(algorithms)("a %s", (name, Algorithm) => {
  const pattern = fc.record({
    limit: fc.integer({ min: 2, max: 12 }),
    perMs: fc.integer({ min: 20, max: 2000 }),
    gaps: fc.array(fc.oneof(fc.constant(0), upTo(0.1), upTo(2)), { minLength: 1, maxLength: 60 }),
    delays: fc.array(fc.tuple(fc.oneof(fc.constant(0), upTo(2)), fc.oneof(fc.constant(0), upTo(2))), {
      minLength: 1,
      maxLength: 5,
    }),
    startMs: fc.oneof(fc.constant(0), fc.double({ min: -1e6, max: 1e12, noNaN: true })),
    /** The ratio of the receiver's clock to ours. Ours has no fractions. */
    drift: fc.double({ min: -0.0009, max: 0.0009, noNaN: true }),
    whole: fc.boolean(),
  });

  test("never exceeds the limit in any window of the receiver, with random arrivals, clocks and answers", async () => {
    await fc.assert(
      fc.asyncProperty(pattern, async ({ limit, perMs, gaps, delays, startMs, drift, whole }) => {
        const clock = new VirtualClock(startMs);
        const ours: Clockwork = {
          now: () => clock.now(),
          monotonic: () => (whole ? Math.floor(clock.monotonic()) : clock.monotonic()),
          after: (delayMs, callback) => clock.after(delayMs, callback),
        };
        let atMs = 0;
        const attempts = gaps.map((gap, i) => {
          atMs += gap * perMs;
          const [there, back] = delays[i % delays.length]!;
          return { atMs, toReceiverMs: there * perMs, answerMs: back * perMs };
        });
        const seen = await arrivals(clock, new Algorithm({ limit, perMs, clock: ours }), attempts, perMs * 60 * 100);
        expect(seen).toHaveLength(attempts.length);
        const theirs = seen.map((ms) => ms * (1 + drift)).toSorted((a, b) => a - b);
        expect(mostIn(perMs, theirs)).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 150 },
    );
  });

  test("admits at most 120 in any 60 s by default", async () => {
    const clock = new VirtualClock();
    const flood = Array.from({ length: 1000 }, (_, i) => ({
      atMs: 0,
      toReceiverMs: (i * 37) % 900,
      answerMs: (i * 91) % 400,
    }));
    const seen = await arrivals(clock, new Algorithm({ clock }), flood, 1_200_000);
    expect([
      seen.length,
      mostIn(
        60_000,
        seen.toSorted((a, b) => a - b),
      ),
    ]).toEqual([1000, name === "token bucket" ? 118 : 120]);
  });

  test("admits calls in order of arrival", async () => {
    const clock = new VirtualClock();
    const limiter = new Algorithm({ limit: 2, perMs: 100, clock });
    const order: number[] = [];
    const release = limiter.tryTake()!;
    limiter.tryTake()?.();
    for (const i of [1, 2, 3]) void limiter.take().then((end) => [order.push(i), end()]);
    release();
    expect([limiter.waiting, limiter.tryTake()]).toEqual([3, undefined]);
    await clock.advance(1000);
    expect([order, limiter.waiting]).toEqual([[1, 2, 3], 0]);
  });

  test("lets no call overtake one that waits, even before its timer has fired", () => {
    let nowMs = 0;
    const clock = { now: () => nowMs, monotonic: () => nowMs, after: () => () => {} };
    const limiter = new Algorithm({ limit: 2, perMs: 100, clock });
    for (let release = limiter.tryTake(); release; release = limiter.tryTake()) release();
    void limiter.take();
    nowMs = 1000;
    expect([limiter.tryTake(), limiter.waiting]).toEqual([undefined, 1]);
  });

  test("leaves no listener on a signal that outlives the wait", async () => {
    const clock = new VirtualClock();
    const limiter = new Algorithm({ limit: 2, perMs: 100, clock });
    const { signal } = new AbortController();
    const calls = Array.from({ length: 5 }, () => limiter.take(signal).then((release) => release()));
    expect(getEventListeners(signal, "abort").length).toBeGreaterThan(0);
    await clock.advance(10_000);
    await Promise.all(calls);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("removes an aborted call at once and does not charge it", async () => {
    const clock = new VirtualClock();
    const limiter = new Algorithm({ limit: 2, perMs: 100, clock });
    for (let release = limiter.tryTake(); release; release = limiter.tryTake()) release();
    const stop = new AbortController();
    const reason = new Error("not any more");
    const gaveUp = limiter.take(stop.signal);
    let admitted = false;
    const stayed = limiter.take(new AbortController().signal).then(() => (admitted = true));
    stop.abort(reason);
    await expect(gaveUp).rejects.toBe(reason);
    await expect(limiter.take(stop.signal)).rejects.toBe(reason);
    expect(limiter.waiting).toBe(1);
    await clock.advance(500);
    await stayed;
    expect(admitted).toBe(true);
  });

  test("ignores a second release", async () => {
    const clock = new VirtualClock();
    const limiter = new Algorithm({ limit: 2, perMs: 100, clock });
    const release = await limiter.take();
    release();
    release();
    await clock.advance(1000);
    const taken = [limiter.tryTake(), limiter.tryTake(), limiter.tryTake()];
    expect(taken.filter((slot) => slot !== undefined)).toHaveLength(name === "token bucket" ? 1 : 2);
  });

  test("keeps the slot of an attempt in flight for any length of time", async () => {
    const clock = new VirtualClock();
    const limiter = new Algorithm({ limit: 2, perMs: 100, clock });
    const held: Release[] = [];
    for (let i = 0; i < 2; i++) void limiter.take().then((release) => held.push(release));
    await clock.advance(10_000);
    let third = false;
    void limiter.take().then(() => (third = true));
    await clock.advance(100_000);
    expect([held.length, third]).toEqual([2, false]);
    held[0]!();
    await clock.advance(99);
    expect(third).toBe(false);
    await clock.advance(3);
    expect(third).toBe(true);
  });

  test.each([
    [{ limit: 0 }, ["limit"]],
    [{ limit: 1.5 }, ["limit"]],
    [{ perMs: 0 }, ["perMs"]],
    [{ perMs: Number.POSITIVE_INFINITY }, ["perMs"]],
    [{ limit: Number.NaN, perMs: -1 }, ["limit", "perMs"]],
  ])("refuses %j", (options, paths) => {
    expect(issuePaths(() => new Algorithm(options))).toEqual(expect.arrayContaining(paths));
  });
});

function issuePaths(make: () => unknown): string[] {
  try {
    make();
  } catch (error) {
    if (error instanceof PagerDutyValidationError) return error.issues.map((issue) => issue.path);
  }
  return [];
}

describe("a sliding window", () => {
  test("admits the whole limit at once, and the next attempt when the first slot is free", async () => {
    const clock = new VirtualClock();
    const flood = Array.from({ length: 241 }, () => ({ atMs: 0, toReceiverMs: 0, answerMs: 0 }));
    const seen = await arrivals(clock, new SlidingWindowLimiter({ clock }), flood, 200_000);
    expect(seen.map((ms) => Math.floor(ms / 60_000))).toEqual([...Array(120).fill(0), ...Array(120).fill(1), 2]);
  });

  test("drains 1,000 events in 485 s", async () => {
    const clock = new VirtualClock();
    const flood = Array.from({ length: 1000 }, () => ({ atMs: 0, toReceiverMs: 40, answerMs: 40 }));
    const seen = await arrivals(clock, new SlidingWindowLimiter({ clock }), flood, 485_000);
    expect(seen).toHaveLength(1000);
  });
});

describe("a token bucket", () => {
  test("admits the burst at once, and then 110 a minute", async () => {
    const clock = new VirtualClock();
    const flood = Array.from({ length: 200 }, () => ({ atMs: 0, toReceiverMs: 0, answerMs: 0 }));
    const seen = await arrivals(clock, new TokenBucketLimiter({ clock }), flood, 200_000);
    expect([seen.filter((ms) => ms === 0).length, seen.filter((ms) => ms <= 60_000).length]).toEqual([10, 119]);
  });

  test("refills in quiet times up to the burst", async () => {
    const clock = new VirtualClock();
    const limiter = new TokenBucketLimiter({ limit: 20, perMs: 1000, burst: 5, clock });
    const count = () => {
      const taken = Array.from({ length: 9 }, () => limiter.tryTake()).filter((release) => release !== undefined);
      for (const release of taken) release();
      return taken.length;
    };
    const counts = [count()];
    for (const quietMs of [67, 134, 999_999]) {
      await clock.advance(quietMs);
      counts.push(count());
    }
    expect(counts).toEqual([5, 1, 2, 5]);
  });

  test.each([[{ burst: 0 }], [{ burst: 120 }], [{ burst: 2.5 }], [{ limit: 1 }]])("refuses %j", (options) => {
    expect(() => new TokenBucketLimiter(options)).toThrow(
      "burst: must be a whole number of at least 1 and less than `limit`",
    );
  });
});

test("unlimited admits every attempt", async () => {
  const taken = Array.from({ length: 1000 }, () => unlimited.tryTake());
  expect(taken).not.toContain(undefined);
  expect(await unlimited.take()).toBe(taken[0]);
});
