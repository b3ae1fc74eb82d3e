import { describe, expect, test } from "vitest";
import { answered, type Breaker, breakerState, closedBreaker, failed, probing, unprobed } from "./breaker.ts";

const t0 = Date.UTC(2026, 0, 1);

/** Lets one attempt of each of these incidents fail, in this order. */
const failing = (incidents: readonly number[], breaker: Breaker = closedBreaker): Breaker =>
  incidents.reduce((before, incident, index) => failed(before, incident, 100 + index, t0), breaker);

const open = failing([1, 1, 2, 2, 2]);

describe("a breaker opens", () => {
  test("after five consecutive failures of at least two incidents", () => {
    expect(breakerState(open, t0)).toBe("open");
    expect(open.openUntilMs).toBe(t0 + 10_000);
    expect(breakerState(failing([1, 2, 1, 2]), t0)).toBe("closed");
  });

  test("not for a single incident, however often it fails", () => {
    expect(breakerState(failing(Array(50).fill(1)), t0)).toBe("closed");
    expect(breakerState(failing([...Array(50).fill(1), 2]), t0)).toBe("open");
  });

  test("not if the receiver answered in between", () => {
    expect(breakerState(failing([2, 2, 2, 2], answered(failing([1, 1, 1, 1]))), t0)).toBe("closed");
  });
});

describe("when the open time has passed", () => {
  const halfOpen = probing(open, 1, 200);

  test("it lets one probe through", () => {
    expect(breakerState(open, t0 + 9_999)).toBe("open");
    expect(breakerState(open, t0 + 10_000)).toBe("half_open");
  });

  test("an answer to the probe closes it; it keeps the number of the probing incident", () => {
    expect(answered(halfOpen)).toEqual({ ...closedBreaker, lastProbed: 1 });
  });

  test("a failed probe opens it for twice as long, a minute at most", () => {
    let breaker = halfOpen;
    const opened: number[] = [];
    for (let token = 200; token < 205; token++) {
      breaker = failed(probing(breaker, 1, token), 1, token, t0);
      opened.push((breaker.openUntilMs ?? 0) - t0);
    }
    expect(opened).toEqual([20_000, 40_000, 60_000, 60_000, 60_000]);
    expect(breaker.probe).toBeNull();
  });

  test("a failed probe keeps the time since when it has been open", () => {
    const again = failed(probing(open, 1, 200), 1, 200, t0 + 10_000);
    expect([open.openSinceMs, again.openSinceMs, answered(again).openSinceMs]).toEqual([t0, t0, undefined]);
  });

  test("the failure of an attempt that is not the probe changes nothing", () => {
    expect(failed(halfOpen, 2, 199, t0 + 10_000)).toBe(halfOpen);
  });

  test("a probe that ended without a verdict lets another attempt probe", () => {
    expect(unprobed(halfOpen, 200).probe).toBeNull();
    expect(unprobed(halfOpen, 199)).toBe(halfOpen);
  });
});

test("an answer to a healthy target changes nothing", () => {
  expect(answered(closedBreaker)).toBe(closedBreaker);
});
