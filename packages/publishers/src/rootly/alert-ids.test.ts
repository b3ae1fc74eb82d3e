import { expect, test } from "vitest";
import { AlertIds } from "./alert-ids.ts";

test("keeps the latest id of a key for ten minutes", () => {
  let nowMs = 0;
  const ids = new AlertIds(() => nowMs);
  ids.set("a", "1");
  ids.set("b", "2");
  ids.set("a", "3");
  nowMs = 599_999;
  expect(["a", "b", "c"].map((key) => ids.get(key))).toEqual(["3", "2", undefined]);
  ids.delete("a");
  expect(ids.get("a")).toBeUndefined();
  nowMs = 600_000;
  expect(ids.get("b")).toBeUndefined();
});

test("drops the oldest of very many", () => {
  const ids = new AlertIds(() => 0);
  for (let i = 0; i <= 10_000; i++) ids.set(`key-${i}`, `id-${i}`);
  expect(["key-0", "key-1", "key-10000"].map((key) => ids.get(key))).toEqual([undefined, "id-1", "id-10000"]);
});
