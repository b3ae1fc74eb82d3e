import { expect, test } from "vitest";
import { countMoreFilters, readIncidentQuery } from "./incident-query.ts";

test("reads known filters with a value", () => {
  expect(
    readIncidentQuery(new URLSearchParams("q=%20disk%20&state=due&severity=&limit=9&fingerprint=ab&cursor=c")),
  ).toEqual({ filters: { q: "disk", state: "due" }, fingerprint: "ab", cursor: "c" });
});

test("counts the filters that have no field of their own", () => {
  expect(countMoreFilters({ q: "a", state: "due" })).toBe(0);
  expect(countMoreFilters({ q: "a", target: "x", since: "1h" })).toBe(2);
});
