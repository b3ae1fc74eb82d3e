import { parseSeverity } from "@tocsin/core";
import { toSeverity } from "@tocsin/pagerduty";
import { expect, test } from "vitest";

/** Words of monitoring systems, known or not. */
const words =
  "critical page fatal emergency disaster blocker error high major average warning warn medium minor info information low none notice debug ok alert crit err severe urgent trivial lowest highest";
const levels = ["p", "p-", "sev", "sev-", "sev_", "s", ""].flatMap((word) =>
  [0, 1, 2, 3, 4, 5, 6].map((n) => `${word}${n}`),
);

test("the service and the client library read severity words alike", () => {
  const all = [...words.split(" "), ...levels];
  expect(all.map((word) => [word, parseSeverity(word)])).toEqual(all.map((word) => [word, toSeverity(word)]));
  expect(all.filter((word) => parseSeverity(word)).length).toBeGreaterThan(30);
});
