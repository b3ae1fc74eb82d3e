import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { VirtualClock } from "@tocsin/test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sharedLimiter } from "./shared-limiter.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout"] }));
afterEach(() => vi.useRealTimers());

const collectGarbage = (() => {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
})();

test("clients of one key share a limiter, and clients of two keys do not", () => {
  const clock = new VirtualClock();
  const limiter = sharedLimiter("a", clock);
  expect(sharedLimiter("a", clock)).toBe(limiter);
  expect(sharedLimiter("b", clock)).not.toBe(limiter);
  expect(sharedLimiter("a", new VirtualClock())).not.toBe(limiter);
});

test("admits 120 a minute, in order", async () => {
  const clock = new VirtualClock();
  const limiter = sharedLimiter("a", clock);
  for (let i = 0; i < 120; i++) limiter.tryTake()!();
  expect(limiter.tryTake()).toBeUndefined();
  let admitted = false;
  void limiter.take().then(() => (admitted = true));
  await clock.advance(59_999);
  expect(admitted).toBe(false);
  await clock.advance(100);
  expect(admitted).toBe(true);
});

/** Finalizers run between iterations of the event loop. */
async function collected(ref: WeakRef<object>): Promise<boolean> {
  for (let i = 0; i < 10 && ref.deref() !== undefined; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  return ref.deref() === undefined;
}

test("outlives its clients while its window may hold attempts, and no longer", async () => {
  const clock = new VirtualClock();
  const ref = (() => {
    const limiter = sharedLimiter("a", clock);
    for (let i = 0; i < 120; i++) limiter.tryTake()!();
    return new WeakRef(limiter);
  })();
  expect(await collected(ref)).toBe(false);
  expect(sharedLimiter("a", clock).tryTake()).toBeUndefined();

  // That call counts as a use: only the second timer finds none.
  vi.advanceTimersByTime(120_000);
  expect(await collected(ref)).toBe(false);
  vi.advanceTimersByTime(120_000);
  expect(await collected(ref)).toBe(true);
  expect(sharedLimiter("a", clock).tryTake()).toBeDefined();
});

test("outlives its clients also after a long unused time", async () => {
  const clock = new VirtualClock();
  const ref = await (async () => {
    const limiter = sharedLimiter("a", clock);
    limiter.tryTake()!();
    vi.advanceTimersByTime(240_000);
    (await limiter.take())();
    return new WeakRef(limiter);
  })();
  expect(await collected(ref)).toBe(false);
});

test("an unused limiter is forgotten", async () => {
  const clock = new VirtualClock();
  const ref = (() => new WeakRef(sharedLimiter("a", clock)))();
  expect(await collected(ref)).toBe(true);
});
