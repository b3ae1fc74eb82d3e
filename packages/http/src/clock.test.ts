import { getEventListeners } from "node:events";
import { VirtualClock } from "@tocsin/test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { maxTimerMs, sleep, systemClock } from "./clock.ts";

describe("sleep", () => {
  test("ends after its time, and leaves no listener", async () => {
    const clock = new VirtualClock();
    const { signal } = new AbortController();
    let awake = false;
    void sleep(clock, 100, signal).then(() => (awake = true));
    await clock.advance(99);
    expect(awake).toBe(false);
    await clock.advance(1);
    expect([awake, getEventListeners(signal, "abort").length]).toEqual([true, 0]);
  });

  test("ends with an abort, and leaves no timer", async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const slept = sleep(clock, 100, controller.signal);
    controller.abort("enough");
    await expect(slept).rejects.toBe("enough");
    await expect(sleep(clock, 100, controller.signal)).rejects.toBe("enough");
    expect([clock.nextAtMs(), getEventListeners(controller.signal, "abort").length]).toEqual([null, 0]);
  });
});

describe("the system's clock", () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => vi.useRealTimers());

  test.each([
    [100, 100],
    [99.1, 100],
    [-5, 1],
    // Node would run a longer timer at once.
    [Number.POSITIVE_INFINITY, maxTimerMs],
  ])("calls back after %d ms, which is %d", (delayMs, untilMs) => {
    const callback = vi.fn<() => void>();
    systemClock.after(delayMs, callback);
    vi.advanceTimersByTime(untilMs - 1);
    const before = callback.mock.calls.length;
    vi.advanceTimersByTime(1);
    expect([before, callback.mock.calls.length]).toEqual([untilMs === 1 ? 1 : 0, 1]);
  });

  test("does not call back when it is cancelled", () => {
    const callback = vi.fn<() => void>();
    systemClock.after(100, callback)();
    vi.advanceTimersByTime(1000);
    expect(callback).not.toHaveBeenCalled();
  });
});
