import { expect, test } from "vitest";
import { groupTargets } from "./group-targets.ts";

test("puts problems first, and targets that receive nothing last", () => {
  const targets = [
    { target: "a", state: "not_told", reason: "filtered" },
    { target: "b", state: "told", reason: "delivered" },
    { target: "c", state: "due", reason: "waiting_limit" },
    { target: "d", state: "not_told", reason: "filtered" },
  ];
  expect(groupTargets({ targets })).toEqual([
    { state: "due", reason: "waiting_limit", targets: ["c"] },
    { state: "told", reason: "delivered", targets: ["b"] },
    { state: "not_told", reason: "filtered", targets: ["a", "d"] },
  ]);
});
