import { expect, test } from "vitest";
import { RowCache } from "./row-cache.ts";

test("keeps the values set last, up to a total weight, and drops the oldest tenth at once", () => {
  const cache = new RowCache<number, string>(100);
  for (let n = 0; n < 10; n++) cache.set(n, `v${n}`, 10);
  expect(cache.get(0)).toBe("v0");
  cache.set(10, "v10", 10);
  expect([0, 1, 2, 10].map((key) => cache.get(key))).toEqual([undefined, undefined, "v2", "v10"]);
});

test("a value that is set again counts as new, with its new weight", () => {
  const cache = new RowCache<string, number>(100);
  cache.set("a", 1, 40);
  cache.set("b", 1, 40);
  cache.set("a", 2, 20);
  cache.set("c", 1, 50);
  expect(["a", "b", "c"].map((key) => cache.get(key))).toEqual([2, undefined, 1]);
});

test("a deleted value has no weight", () => {
  const cache = new RowCache<string, number>(10);
  cache.set("a", 1, 10);
  cache.delete("a");
  cache.delete("a");
  cache.set("b", 1, 10);
  expect(cache.get("b")).toBe(1);
  cache.clear();
  expect(cache.get("b")).toBeUndefined();
});
