import type { Flight } from "@tocsin/core/decisions";
import fc from "fast-check";
import { expect, test } from "vitest";
import { flightsIn, flightsText } from "./flight-rows.ts";

const flight: fc.Arbitrary<Flight> = fc.record(
  {
    token: fc.nat(),
    owner: fc.constantFrom("one", "two 1", "two"),
    action: fc.constantFrom("trigger", "resolve", "check"),
    severity: fc.constantFrom("critical", "info"),
    content: fc.constantFrom("one", "other"),
    shadow: fc.constant(true as const),
    unwanted: fc.constant(true as const),
    sinceMs: fc.constantFrom(1, 2),
    leaseUntilMs: fc.constantFrom(10, 20),
  },
  { requiredKeys: ["token", "owner", "action", "severity", "sinceMs", "leaseUntilMs"] },
);
const flying = fc.uniqueArray(fc.record({ id: fc.nat(), flight }), { selector: ({ id }) => id });

const sorted = (all: readonly { id: number }[]) => all.toSorted((a, b) => a.id - b.id);

test("what is in flight is read as it was written", () => {
  fc.assert(
    fc.property(flying, (all) => {
      expect(sorted(flightsIn(flightsText(all)))).toEqual(sorted(all));
    }),
  );
});

test("what an earlier version wrote is read too", () => {
  const one = {
    id: 7,
    flight: { token: 1, owner: "a", action: "trigger", severity: "info", sinceMs: 1, leaseUntilMs: 2 },
  };
  expect(flightsIn(JSON.stringify([one]))).toEqual([one]);
});
