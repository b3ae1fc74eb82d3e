import { describe, expect, test } from "vitest";
import { LedgerClock } from "./ledger-clock.ts";

/** Two clocks that a test sets. */
class TwoClocks {
  wallMs = 1_000_000;
  monotonicMs = 500;
  readonly now = () => this.wallMs;
  readonly monotonic = () => this.monotonicMs;

  pass(ms: number): void {
    this.wallMs += ms;
    this.monotonicMs += ms;
  }
}

const shared = (clocks: TwoClocks) => new LedgerClock(clocks, { toleranceMs: 1_000 });

describe("the time of a ledger with one process", () => {
  test("is the wall clock's, in whole milliseconds", () => {
    const clocks = new TwoClocks();
    const clock = new LedgerClock(clocks);
    expect(clock.now()).toBe(1_000_000);
    clocks.pass(10.7);
    expect(clock.now()).toBe(1_000_010);
    clocks.wallMs += 5_000;
    expect(clock.now()).toBe(1_005_010);
  });

  test("goes on at the monotonic clock's pace after the wall clock was set back, until that has caught up", () => {
    const clocks = new TwoClocks();
    const clock = new LedgerClock(clocks);
    clock.now();
    clocks.wallMs -= 3_600_000;
    clocks.pass(10);
    expect(clock.now()).toBe(1_000_010);
    // Fractions add up however often it is asked.
    for (let n = 0; n < 100; n++) {
      clocks.pass(0.25);
      clock.now();
    }
    expect(clock.now()).toBe(1_000_035);
    clocks.wallMs = 1_000_036;
    expect(clock.now()).toBe(1_000_036);
  });

  test("does not stand still if the wall clock was set back by less than the time since the last call", () => {
    const clocks = new TwoClocks();
    const clock = new LedgerClock(clocks);
    clock.now();
    clocks.pass(10_000);
    clocks.wallMs -= 5_000;
    expect(clock.now()).toBe(1_010_000);
  });

  test("never shows a time before the last commit of an earlier process", () => {
    const clocks = new TwoClocks();
    const clock = new LedgerClock(clocks, { notBeforeMs: 2_000_000 });
    expect(clock.now()).toBe(2_000_000);
    clocks.pass(7);
    expect(clock.now()).toBe(2_000_007);
  });
});

describe("the time of a ledger that replicas share", () => {
  test("is the database's clock, and never before the last commit of any replica", () => {
    const clock = shared(new TwoClocks());
    expect(clock.after({ timeMs: 0, clockMs: 5_000_000 })).toBe(5_000_000);
    clock.committed(5_000_000);
    expect(clock.after({ timeMs: 5_000_700, clockMs: 5_000_200 })).toBe(5_000_700);
  });

  test("goes on at the monotonic clock's pace after the database's clock was set back by more than a second", () => {
    const clocks = new TwoClocks();
    const clock = shared(clocks);
    clock.after({ timeMs: 0, clockMs: 5_000_000 });
    clock.committed(5_000_000);
    clocks.pass(300.5);
    expect(clock.after({ timeMs: 5_000_000, clockMs: 4_998_000 })).toBe(5_000_300);
    expect(clock.after({ timeMs: 5_000_000, clockMs: 4_999_000 })).toBe(5_000_000);
    expect(clock.after({ timeMs: 5_000_400, clockMs: 4_998_000 })).toBe(5_000_400);
  });

  test("waits for a database's clock that is behind when the process starts", () => {
    const clock = shared(new TwoClocks());
    expect(clock.after({ timeMs: 5_000_000, clockMs: 1_000 })).toBe(5_000_000);
  });

  test("counts as started again after more than 30 seconds without a commit", () => {
    const clocks = new TwoClocks();
    const clock = shared(clocks);
    clock.after({ timeMs: 0, clockMs: 5_000_000 });
    clock.committed(5_000_000);
    clock.after({ timeMs: 5_000_000, clockMs: 5_000_010 });
    expect(clock.startedAtMs).toBe(5_000_000);
    clock.failed();
    clocks.pass(30_000);
    clock.failed();
    clock.after({ timeMs: 5_000_000, clockMs: 5_030_000 });
    expect(clock.startedAtMs).toBe(5_000_000);
    clocks.pass(1);
    clock.after({ timeMs: 5_000_000, clockMs: 5_030_001 });
    expect(clock.startedAtMs).toBe(5_030_001);
    clock.committed(5_030_001);
    clocks.pass(60_000);
    clock.after({ timeMs: 5_030_001, clockMs: 5_090_001 });
    expect(clock.startedAtMs).toBe(5_030_001);
  });
});
