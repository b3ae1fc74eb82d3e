import { expect, test } from "vitest";
import { Soonest } from "./earliest-due-cache.ts";

function soonestOf(rows: Map<string, number | null>): { soonest: Soonest; reads: () => number } {
  let reads = 0;
  const soonest = new Soonest(() => {
    reads++;
    const times = [...rows.values()].filter((atMs) => atMs !== null);
    return times.length === 0 ? null : Math.min(...times);
  });
  return { soonest, reads: () => reads };
}

test("reads once, and again only when its time came", () => {
  const rows = new Map<string, number | null>();
  const { soonest, reads } = soonestOf(rows);
  expect([soonest.mayHaveCome(1_000), soonest.atMs, reads()]).toEqual([false, null, 1]);
  rows.set("a", 50).set("b", 70);
  soonest.wrote(70);
  soonest.wrote(50);
  soonest.wrote(null);
  expect([soonest.mayHaveCome(49), soonest.atMs, reads()]).toEqual([false, 50, 1]);
  expect(soonest.mayHaveCome(50)).toBe(true);
  rows.set("a", null);
  soonest.wrote(null);
  expect([soonest.atMs, reads()]).toEqual([70, 2]);
});

test("what was changed to later is found out when the earlier time comes", () => {
  const rows = new Map<string, number | null>([["a", 50]]);
  const { soonest } = soonestOf(rows);
  expect(soonest.atMs).toBe(50);
  rows.set("a", 90);
  soonest.wrote(90);
  expect(soonest.mayHaveCome(60)).toBe(true);
  expect([soonest.mayHaveCome(60), soonest.atMs]).toEqual([false, 90]);
});

test("after a rollback nothing that was written counts", () => {
  const rows = new Map<string, number | null>([["a", 50]]);
  const { soonest } = soonestOf(rows);
  soonest.wrote(10);
  expect(soonest.mayHaveCome(20)).toBe(false);
  soonest.wrote(10);
  soonest.forget();
  expect(soonest.atMs).toBe(50);
});
