import { LedgerUnavailable } from "@tocsin/core";
import { VirtualClock } from "@tocsin/testkit";
import { expect, test } from "vitest";
import { Readiness } from "./readiness.ts";

test("a ledger that failed to commit is asked every second until it does, with nobody sending anything", async () => {
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
  expect(asked).toHaveLength(count);
});
