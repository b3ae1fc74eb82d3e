import { expect, test } from "vitest";
import { targetTotals } from "./target-totals.ts";

const rows = [
  { target: "b", state: "told", reason: null, count: 7 },
  { target: "a", state: "closed", reason: null, count: 3 },
  { target: "b", state: "due", reason: "waiting_turn", count: 2 },
  { target: "b", state: "due", reason: "waiting_limit", count: 40 },
  { target: "b", state: "candidate", reason: "waiting_classification", count: 1 },
  { target: "b", state: "in_flight", reason: "in_flight", count: 4 },
  { target: "a", state: "dead", reason: null, count: 1 },
];

test("adds up by target, the one with most due first, and the largest wait first", () => {
  expect(targetTotals({ rows })).toEqual([
    {
      target: "b",
      due: 43,
      inFlight: 4,
      open: 7,
      dead: 0,
      waits: [
        { state: "due", reason: "waiting_limit", count: 40 },
        { state: "due", reason: "waiting_turn", count: 2 },
        { state: "candidate", reason: "waiting_classification", count: 1 },
      ],
    },
    { target: "a", due: 0, inFlight: 0, open: 0, dead: 1, waits: [] },
  ]);
});
