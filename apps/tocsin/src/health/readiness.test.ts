import { LedgerUnavailable } from "@tocsin/core";
import { VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { Readiness } from "./readiness.ts";

test("a ledger that failed to commit is probed every second until it commits, also without any request", async () => {
  const clock = new VirtualClock();
  let full = true;
  const asked: number[] = [];
  const readiness = new Readiness(
    {
      async probe() {
        asked.push(clock.monotonic());
        if (full) throw new LedgerUnavailable("disk full");
      },
    },
    clock,
  );
  readiness.loaded();
  const startMs = clock.monotonic();
  readiness.commitFailed("disk full");
  readiness.commitFailed("disk full");
  await clock.advance(60_000);
  expect(readiness.reasons()).toEqual(["the ledger does not commit: disk full"]);
  expect(asked.slice(0, 3)).toEqual([startMs + 1_000, startMs + 2_000, startMs + 3_000]);
  full = false;
  await clock.advance(1_000);
  expect(readiness.reasons()).toEqual([]);
  const count = asked.length;
  await clock.advance(60_000);
  expect(asked.length - count).toBe(15);
});

/** A ledger whose writes end when the test completes them. */
function slowLedger(clock: VirtualClock) {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const probe = () => {
    begun.push(clock.monotonic());
    return new Promise<void>((resolve) => ends.push(resolve));
  };
  return { begun, ends, probe };
}

describe("a readiness check", () => {
  test("writes to the ledger at most once a second, however many requests arrive", async () => {
    const clock = new VirtualClock();
    let writes = 0;
    const readiness = new Readiness({ probe: async () => void writes++ }, clock);
    readiness.loaded();
    expect(await Promise.all([readiness.check(), readiness.check(), readiness.check()])).toEqual([[], [], []]);
    expect(writes).toBe(1);
    await clock.advance(999);
    await readiness.check();
    expect(writes).toBe(1);
    await clock.advance(1);
    await readiness.check();
    expect(writes).toBe(2);
  });

  test("fails when the write fails, and succeeds when a write succeeds again", async () => {
    const clock = new VirtualClock();
    let broken = true;
    const changes: (string | undefined)[] = [];
    const probe = async () => {
      if (broken) throw new LedgerUnavailable("tocsin.db was removed");
    };
    const readiness = new Readiness({ probe }, clock, { turned: (failure) => changes.push(failure) });
    readiness.loaded();
    expect(await readiness.check()).toEqual(["the ledger does not commit: tocsin.db was removed"]);
    broken = false;
    await clock.advance(1_000);
    expect(await readiness.check()).toEqual([]);
    expect(changes).toEqual(["tocsin.db was removed", undefined]);
  });

  test("fails while a write hangs, starts no second write, and succeeds once the write ends", async () => {
    const clock = new VirtualClock();
    const { begun, ends, probe } = slowLedger(clock);
    const readiness = new Readiness({ probe }, clock);
    readiness.loaded();
    const checking = readiness.check();
    await clock.advance(5_000);
    expect(await checking).toEqual(["the ledger does not commit: a write takes longer than 5 s"]);
    await clock.advance(60_000);
    expect(begun).toHaveLength(1);
    ends[0]?.();
    await clock.advance(0);
    expect(readiness.reasons()).toEqual([]);
  });

  test("does not use the ledger once the service stops", async () => {
    const clock = new VirtualClock();
    const { begun, probe } = slowLedger(clock);
    const readiness = new Readiness({ probe }, clock);
    readiness.start();
    readiness.stop();
    expect(await readiness.check()).toContain("the service is stopping");
    await clock.advance(60_000);
    expect(begun).toEqual([]);
  });
});

test("an unused ledger is probed every four seconds, so that its loss is noticed within five", async () => {
  const clock = new VirtualClock();
  let writes = 0;
  const readiness = new Readiness({ probe: async () => void writes++ }, clock);
  readiness.start();
  await clock.advance(60_000);
  expect(writes).toBe(15);
  readiness.stop();
});
