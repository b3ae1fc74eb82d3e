import type { Flight } from "@tocsin/core/decisions";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readFlightRows, writeFlightRows } from "./flight-rows.ts";

const attempt = fc.record(
  {
    token: fc.nat(9),
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
/** Most attempts begin an event of their own. */
const flight: fc.Arbitrary<Flight> = fc
  .tuple(attempt, fc.option(fc.record({ token: fc.nat(9), atMs: fc.constantFrom(0, 1) }), { freq: 2 }))
  .map(([one, event]) => ({ ...one, event: event ?? { token: one.token, atMs: one.sinceMs } }));
const flying = fc.uniqueArray(fc.record({ id: fc.nat(), flight }), { selector: ({ id }) => id });

const sorted = (all: readonly { id: number }[]) => all.toSorted((a, b) => a.id - b.id);

test("flights are read as they were written", () => {
  fc.assert(
    fc.property(flying, (all) => {
      expect(sorted(readFlightRows(writeFlightRows(all)))).toEqual(sorted(all));
    }),
  );
});
