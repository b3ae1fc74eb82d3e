import { expect, test } from "vitest";
import { AlertIds } from "./alert-ids.ts";

test("the latest are remembered, the oldest forgotten", () => {
  const ids = new AlertIds(2);
  ids.set("a", "1");
  ids.set("b", "2");
  ids.set("a", "3");
  ids.set("c", "4");
  expect(["a", "b", "c"].map((key) => ids.get(key))).toEqual(["3", undefined, "4"]);
  ids.delete("a");
  expect(ids.get("a")).toBeUndefined();
});
