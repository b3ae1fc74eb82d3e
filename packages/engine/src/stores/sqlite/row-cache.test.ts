import { expect, test } from "vitest";
import { Recent } from "./row-cache.ts";

test("keeps what was set last, up to a sum of weights, and drops the oldest tenth at once", () => {
  const recent = new Recent<number, string>(100);
  for (let n = 0; n < 10; n++) recent.set(n, `v${n}`, 10);
  expect(recent.get(0)).toBe("v0");
  recent.set(10, "v10", 10);
  expect([0, 1, 2, 10].map((key) => recent.get(key))).toEqual([undefined, undefined, "v2", "v10"]);
});

test("what is set again is new again, with its new weight", () => {
  const recent = new Recent<string, number>(100);
  recent.set("a", 1, 40);
  recent.set("b", 1, 40);
  recent.set("a", 2, 20);
  recent.set("c", 1, 50);
  expect(["a", "b", "c"].map((key) => recent.get(key))).toEqual([2, undefined, 1]);
});

test("what was deleted weighs nothing", () => {
  const recent = new Recent<string, number>(10);
  recent.set("a", 1, 10);
  recent.delete("a");
  recent.delete("a");
  recent.set("b", 1, 10);
  expect(recent.get("b")).toBe(1);
  recent.clear();
  expect(recent.get("b")).toBeUndefined();
});
