import { expect, test } from "vitest";
import { EarliestDueCache } from "./earliest-due-cache.ts";

function cacheOf(rows: Map<string, number | null>): { cache: EarliestDueCache; reads: () => number } {
  let reads = 0;
  const cache = new EarliestDueCache(() => {
    reads++;
    const times = [...rows.values()].filter((atMs) => atMs !== null);
    return times.length === 0 ? null : Math.min(...times);
  });
  return { cache, reads: () => reads };
}

test("reads the earliest time once, and again only after it has come", () => {
  const rows = new Map<string, number | null>();
  const { cache, reads } = cacheOf(rows);
  expect([cache.mayHaveCome(1_000), cache.atMs, reads()]).toEqual([false, null, 1]);
  rows.set("a", 50).set("b", 70);
  cache.wrote(70);
  cache.wrote(50);
  cache.wrote(null);
  expect([cache.mayHaveCome(49), cache.atMs, reads()]).toEqual([false, 50, 1]);
  expect(cache.mayHaveCome(50)).toBe(true);
  rows.set("a", null);
  cache.wrote(null);
  expect([cache.atMs, reads()]).toEqual([70, 2]);
});

test("notices when the earlier time comes that its row was moved to later", () => {
  const rows = new Map<string, number | null>([["a", 50]]);
  const { cache } = cacheOf(rows);
  expect(cache.atMs).toBe(50);
  rows.set("a", 90);
  cache.wrote(90);
  expect(cache.mayHaveCome(60)).toBe(true);
  expect([cache.mayHaveCome(60), cache.atMs]).toEqual([false, 90]);
});

test("reads again after a rollback", () => {
  const rows = new Map<string, number | null>([["a", 50]]);
  const { cache } = cacheOf(rows);
  cache.wrote(10);
  expect(cache.mayHaveCome(20)).toBe(false);
  cache.wrote(10);
  cache.forget();
  expect(cache.atMs).toBe(50);
});
