import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PagerDutyNetworkError } from "../errors.ts";
import { type Work, withTimeout } from "./with-timeout.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => vi.useRealTimers());

const late = new PagerDutyNetworkError("timeout", "late", { requestSent: true });

/** Work that the test ends, with a counter of stops. */
function work() {
  const stop = vi.fn<() => void>();
  const ends = {} as { resolve: (value: string) => void; reject: (error: Error) => void };
  const start = (resolve: typeof ends.resolve, reject: typeof ends.reject) => {
    Object.assign(ends, { resolve, reject });
    return { stop, timedOut: () => late };
  };
  return { start, stop, ends };
}

describe("work with a timeout", () => {
  test.each<[string, (w: ReturnType<typeof work>, c: AbortController) => void, unknown, number]>([
    ["that is done", ({ ends }) => ends.resolve("done"), "done", 0],
    ["that fails", ({ ends }) => ends.reject(new Error("failed")), new Error("failed"), 0],
    ["that is too late", () => vi.advanceTimersByTime(1000), late, 1],
    ["that is aborted", (_, stop) => stop.abort("enough"), "enough", 1],
  ])("%s gives that result and leaves no timer and no listener", async (_, end, result, stops) => {
    const controller = new AbortController();
    const started = work();
    const ended = withTimeout({ timeoutMs: 1000, signal: controller.signal }, started.start).catch(
      (error: unknown) => error,
    );
    expect([vi.getTimerCount(), getEventListeners(controller.signal, "abort").length]).toEqual([1, 1]);
    end(started, controller);
    expect(await ended).toEqual(result);
    expect([vi.getTimerCount(), getEventListeners(controller.signal, "abort").length]).toEqual([0, 0]);
    expect(started.stop).toHaveBeenCalledTimes(stops);
  });

  test("does not begin after an abort", async () => {
    const start = vi.fn<() => Work<string>>();
    await expect(withTimeout({ timeoutMs: 1000, signal: AbortSignal.abort("enough") }, start)).rejects.toBe("enough");
    expect([start.mock.calls, vi.getTimerCount()]).toEqual([[], 0]);
  });
});
